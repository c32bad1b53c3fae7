//! Who has which email and which username; a name is one name whatever its case.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{Email, Username};

use crate::quiz::accounts::ids::AccountId;

/// All emails and usernames that are given away or about to be.
#[derive(Default)]
pub struct State {
    emails: HashMap<Email, AccountId>,
    /// By their keys.
    usernames: HashMap<String, AccountId>,
    renaming: HashSet<AccountId>,
}

/// Why somebody cannot have what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Another account has this email.
    Email,
    /// Another account has this username.
    Username,
    /// The account is being renamed right now.
    Busy,
}

/// How a new account chooses its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameWish {
    /// This one or none.
    This(Username),
    /// A free one like this one.
    Like(Username),
}

impl NameWish {
    /// Returns the wish of somebody who names none: one like the beginning of the address.
    ///
    /// # Errors
    /// None: what is left of the address, or `user`, is a name.
    pub fn like(email: &Email) -> Result<Self, Fault> {
        let letters = email.local_part().chars().filter(|one| one.is_ascii_alphanumeric() || *one == '_');
        let stem: String = letters.take(20).collect();
        Username::parse(&stem).or_else(|_short| Username::parse("user")).map(Self::Like)
    }
}

/// What changes about an account's name while it is renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    id: AccountId,
    to: Username,
    is_new: bool,
}

impl State {
    /// Returns whose email this is.
    #[must_use]
    pub fn whose(&self, email: &Email) -> Option<AccountId> {
        self.emails.get(email).copied()
    }

    /// Tells whether an account could be had now. Nothing is reserved.
    ///
    /// # Errors
    /// What is taken.
    pub fn check(&self, email: &Email, wish: &NameWish) -> Result<(), Taken> {
        match wish {
            _ if self.emails.contains_key(email) => Err(Taken::Email),
            NameWish::This(name) if self.usernames.contains_key(&name.key()) => Err(Taken::Username),
            _ => Ok(()),
        }
    }

    /// Reserves both for a new account, or neither. Returns its name.
    ///
    /// # Errors
    /// What is taken.
    pub fn reserve(&mut self, id: AccountId, email: &Email, wish: NameWish) -> Result<Username, Taken> {
        self.check(email, &wish)?;
        let username = match wish {
            NameWish::This(name) => name,
            NameWish::Like(stem) => self.free_name(&stem, id).ok_or(Taken::Username)?,
        };
        self.emails.insert(email.clone(), id);
        self.usernames.insert(username.key(), id);
        Ok(username)
    }

    /// Returns the stem if it is free, else with digits of the account's own id behind it.
    fn free_name(&self, stem: &Username, id: AccountId) -> Option<Username> {
        let digits = id.to_string().replace('-', "");
        let with_digits = |count: usize| format!("{}_{}", first(stem.as_str(), 19 - count), first(&digits, count));
        let candidates =
            [stem.as_str().to_owned(), with_digits(4), with_digits(8), with_digits(16), first(&digits, 20).to_owned()];
        let names = candidates.iter().filter_map(|name| Username::parse(name).ok());
        names.into_iter().find(|name| !self.usernames.contains_key(&name.key()))
    }

    /// Gives back what a new account would have had.
    pub fn release(&mut self, id: AccountId, email: &Email, username: &Username) {
        remove_own(&mut self.emails, email, id);
        remove_own(&mut self.usernames, &username.key(), id);
    }

    /// Reserves another name for an account that has one.
    ///
    /// # Errors
    /// It is taken, or the account is being renamed already.
    pub fn begin_renaming(&mut self, id: AccountId, to: &Username) -> Result<Renaming, Taken> {
        let holder = self.usernames.get(&to.key()).copied();
        if holder.is_some_and(|holder| holder != id) {
            return Err(Taken::Username);
        }
        if !self.renaming.insert(id) {
            return Err(Taken::Busy);
        }
        self.usernames.insert(to.key(), id);
        Ok(Renaming { id, to: to.clone(), is_new: holder.is_none() })
    }

    /// The account has its new name: the old one is free.
    pub fn renamed(&mut self, renaming: &Renaming, from: &Username) {
        self.renaming.remove(&renaming.id);
        if from.key() != renaming.to.key() {
            remove_own(&mut self.usernames, &from.key(), renaming.id);
        }
    }

    /// The account keeps its old name: the new one is free.
    pub fn not_renamed(&mut self, renaming: &Renaming) {
        self.renaming.remove(&renaming.id);
        if renaming.is_new {
            remove_own(&mut self.usernames, &renaming.to.key(), renaming.id);
        }
    }

    /// Nobody knows which name the account has: it keeps both.
    pub fn renaming_lost(&mut self, renaming: &Renaming) {
        self.renaming.remove(&renaming.id);
    }

    /// Takes an account that was stored, the oldest first. Returns whether both its names were free.
    pub fn hear_stored(&mut self, id: AccountId, email: &Email, username: &Username) -> bool {
        let has_email = *self.emails.entry(email.clone()).or_insert(id) == id;
        let has_username = *self.usernames.entry(username.key()).or_insert(id) == id;
        has_email && has_username
    }
}

fn first(text: &str, count: usize) -> &str {
    text.get(..count).unwrap_or(text)
}

fn remove_own<N: Eq + Hash>(names: &mut HashMap<N, AccountId>, name: &N, id: AccountId) {
    if names.get(name) == Some(&id) {
        names.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId::random([0xaa; 16]);
    const BOB: AccountId = AccountId::random([0xbb; 16]);

    fn email(text: &str) -> Email {
        Email::parse(text).expect("an address")
    }

    fn name(text: &str) -> Username {
        Username::parse(text).expect("a name")
    }

    fn this(text: &str) -> NameWish {
        NameWish::This(name(text))
    }

    fn like(text: &str) -> NameWish {
        NameWish::Like(name(text))
    }

    /// Returns a directory in which Ada is.
    fn directory() -> State {
        let mut state = State::default();
        assert_eq!(state.reserve(ADA, &email("ada@example.com"), this("Ada")), Ok(name("Ada")));
        state
    }

    #[test]
    fn nobody_gets_what_somebody_has_whatever_the_case() {
        let mut state = directory();

        assert_eq!(state.reserve(BOB, &email("ADA@Example.com"), this("bob")), Err(Taken::Email));
        assert_eq!(state.reserve(BOB, &email("bob@example.com"), this("aDA")), Err(Taken::Username));
        assert_eq!(state.reserve(BOB, &email("bob@example.com"), this("bob")), Ok(name("bob")));
        assert_eq!((state.whose(&email("Ada@example.COM")), state.whose(&email("bob@example.com"))), (Some(ADA), Some(BOB)));
    }

    #[test]
    fn a_refused_reservation_leaves_nothing_behind() {
        let mut state = directory();
        state.reserve(BOB, &email("ada@example.com"), this("bob")).expect_err("taken");
        state.reserve(BOB, &email("bob@example.com"), this("ada")).expect_err("taken");

        assert_eq!(state.check(&email("bob@example.com"), &this("bob")), Ok(()));
    }

    #[test]
    fn what_is_released_can_be_had_again_but_only_by_its_holder() {
        let mut state = directory();
        state.release(BOB, &email("ada@example.com"), &name("ada"));
        assert_eq!(state.check(&email("ada@example.com"), &this("x_1")), Err(Taken::Email));

        state.release(ADA, &email("ada@example.com"), &name("ADA"));
        assert_eq!(state.check(&email("ada@example.com"), &this("ada")), Ok(()));
    }

    #[test]
    fn a_name_that_was_only_a_suggestion_gives_way() {
        let mut state = directory();

        assert_eq!(state.reserve(BOB, &email("b@example.com"), like("ada")), Ok(name("ada_bbbb")));
        let long = "a".repeat(20);
        assert_eq!(state.reserve(AccountId::random([1; 16]), &email("c@example.com"), like(&long)), Ok(name(&long)));
        let given = state.reserve(BOB, &email("d@example.com"), like(&long)).expect("a name");
        assert_eq!(given.as_str(), format!("{}_bbbb", "a".repeat(15)));
        assert_eq!(state.reserve(BOB, &email("e@example.com"), like(&long)), Ok(name(&format!("{}_bbbbbbbb", "a".repeat(11)))));
    }

    #[test]
    fn a_name_is_suggested_by_the_address() {
        let check = |address: &str, expected: &str| assert_eq!(NameWish::like(&email(address)), Ok(like(expected)), "{address}");

        check("ada.lovelace+quiz@example.com", "adalovelacequiz");
        check("a@example.com", "user");
        check("äöü@example.com", "user");
        check(&format!("{}@example.com", "x".repeat(60)), &"x".repeat(20));
    }

    #[test]
    fn an_account_that_is_renamed_gives_its_old_name_back() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, &name("Countess")).expect("free");
        assert_eq!(state.begin_renaming(BOB, &name("countess")), Err(Taken::Username));
        assert_eq!(state.begin_renaming(BOB, &name("ada")), Err(Taken::Username));
        state.renamed(&renaming, &name("Ada"));

        assert!(state.begin_renaming(BOB, &name("ada")).is_ok());
    }

    #[test]
    fn an_account_that_could_not_be_renamed_gives_the_new_name_back() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, &name("Countess")).expect("free");
        state.not_renamed(&renaming);

        assert!(state.begin_renaming(BOB, &name("countess")).is_ok());
        assert_eq!(state.begin_renaming(BOB, &name("ada")), Err(Taken::Username));
    }

    #[test]
    fn only_the_case_of_ones_own_name_can_change() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, &name("ADA")).expect("its own");
        state.renamed(&renaming, &name("Ada"));
        assert_eq!(state.begin_renaming(BOB, &name("ada")), Err(Taken::Username));

        let renaming = state.begin_renaming(ADA, &name("ada")).expect("its own");
        state.not_renamed(&renaming);
        assert_eq!(state.begin_renaming(BOB, &name("ada")), Err(Taken::Username));
    }

    #[test]
    fn two_renamings_of_one_account_do_not_overlap() {
        let mut state = directory();
        let first = state.begin_renaming(ADA, &name("one")).expect("free");
        assert_eq!(state.begin_renaming(ADA, &name("two")), Err(Taken::Busy));
        state.renamed(&first, &name("Ada"));

        assert!(state.begin_renaming(ADA, &name("ada")).is_ok());
    }

    #[test]
    fn of_two_stored_accounts_with_one_name_the_first_keeps_it() {
        let mut state = State::default();

        assert!(state.hear_stored(ADA, &email("ada@example.com"), &name("Ada")));
        assert!(!state.hear_stored(BOB, &email("bob@example.com"), &name("ada")));
        assert_eq!(state.whose(&email("bob@example.com")), Some(BOB));
    }
}

//! Who has which email and which username. Both are compared without regard to case.

use std::collections::{HashMap, HashSet};

use crate::quiz::accounts::ids::AccountId;

/// All emails and usernames that are given away or about to be.
#[derive(Default)]
pub struct State {
    emails: HashMap<String, AccountId>,
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
    This(String),
    /// A free one like this one.
    Like(String),
}

/// What changes about an account's name while it is renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    id: AccountId,
    to: String,
    is_new: bool,
}

impl State {
    /// Returns whose email this is.
    #[must_use]
    pub fn whose(&self, email: &str) -> Option<AccountId> {
        self.emails.get(&folded(email)).copied()
    }

    /// Tells whether an account could be had now. Nothing is reserved.
    ///
    /// # Errors
    /// What is taken.
    pub fn check(&self, email: &str, wish: &NameWish) -> Result<(), Taken> {
        match wish {
            _ if self.emails.contains_key(&folded(email)) => Err(Taken::Email),
            NameWish::This(name) if self.usernames.contains_key(&folded(name)) => Err(Taken::Username),
            _ => Ok(()),
        }
    }

    /// Reserves both for a new account, or neither. Returns its name.
    ///
    /// # Errors
    /// What is taken.
    pub fn reserve(&mut self, id: AccountId, email: &str, wish: NameWish) -> Result<String, Taken> {
        self.check(email, &wish)?;
        let username = match wish {
            NameWish::This(name) => name,
            NameWish::Like(stem) => self.free_name(&stem, id),
        };
        self.emails.insert(folded(email), id);
        self.usernames.insert(folded(&username), id);
        Ok(username)
    }

    /// Returns the stem if it is free, else with digits of the account's own id behind it.
    fn free_name(&self, stem: &str, id: AccountId) -> String {
        let digits = id.to_string().replace('-', "");
        let with_digits = |count: usize| format!("{}_{}", first(stem, 19 - count), first(&digits, count));
        let candidates = std::iter::once(stem.to_owned()).chain([4, 8, 12].map(with_digits));
        let mut free = candidates.into_iter().filter(|name| !self.usernames.contains_key(&folded(name)));
        free.next().unwrap_or_else(|| first(&digits, 20).to_owned())
    }

    /// Gives back what a new account would have had.
    pub fn release(&mut self, id: AccountId, email: &str, username: &str) {
        remove_own(&mut self.emails, email, id);
        remove_own(&mut self.usernames, username, id);
    }

    /// Reserves another name for an account that has one.
    ///
    /// # Errors
    /// It is taken, or the account is being renamed already.
    pub fn begin_renaming(&mut self, id: AccountId, to: &str) -> Result<Renaming, Taken> {
        let holder = self.usernames.get(&folded(to)).copied();
        if holder.is_some_and(|holder| holder != id) {
            return Err(Taken::Username);
        }
        if !self.renaming.insert(id) {
            return Err(Taken::Busy);
        }
        self.usernames.insert(folded(to), id);
        Ok(Renaming { id, to: to.to_owned(), is_new: holder.is_none() })
    }

    /// The account has its new name: the old one is free.
    pub fn renamed(&mut self, renaming: &Renaming, from: &str) {
        self.renaming.remove(&renaming.id);
        if folded(from) != folded(&renaming.to) {
            remove_own(&mut self.usernames, from, renaming.id);
        }
    }

    /// The account keeps its old name: the new one is free.
    pub fn not_renamed(&mut self, renaming: &Renaming) {
        self.renaming.remove(&renaming.id);
        if renaming.is_new {
            remove_own(&mut self.usernames, &renaming.to, renaming.id);
        }
    }

    /// Nobody knows which name the account has: it keeps both.
    pub fn renaming_lost(&mut self, renaming: &Renaming) {
        self.renaming.remove(&renaming.id);
    }

    /// Takes an account that was stored, the oldest first. Returns whether both its names were free.
    pub fn hear_stored(&mut self, id: AccountId, email: &str, username: &str) -> bool {
        let has_email = *self.emails.entry(folded(email)).or_insert(id) == id;
        let has_username = *self.usernames.entry(folded(username)).or_insert(id) == id;
        has_email && has_username
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn first(text: &str, count: usize) -> &str {
    text.get(..count).unwrap_or(text)
}

fn remove_own(names: &mut HashMap<String, AccountId>, name: &str, id: AccountId) {
    let name = folded(name);
    if names.get(&name) == Some(&id) {
        names.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId::random([0xaa; 16]);
    const BOB: AccountId = AccountId::random([0xbb; 16]);

    fn this(name: &str) -> NameWish {
        NameWish::This(name.to_owned())
    }

    fn like(name: &str) -> NameWish {
        NameWish::Like(name.to_owned())
    }

    /// Returns a directory in which Ada is.
    fn directory() -> State {
        let mut state = State::default();
        assert_eq!(state.reserve(ADA, "ada@example.com", this("Ada")), Ok("Ada".to_owned()));
        state
    }

    #[test]
    fn nobody_gets_what_somebody_has_whatever_the_case() {
        let mut state = directory();

        assert_eq!(state.reserve(BOB, "ADA@Example.com", this("bob")), Err(Taken::Email));
        assert_eq!(state.reserve(BOB, "bob@example.com", this("aDA")), Err(Taken::Username));
        assert_eq!(state.reserve(BOB, "bob@example.com", this("bob")), Ok("bob".to_owned()));
        assert_eq!((state.whose("Ada@example.COM"), state.whose("bob@example.com")), (Some(ADA), Some(BOB)));
    }

    #[test]
    fn a_refused_reservation_leaves_nothing_behind() {
        let mut state = directory();
        state.reserve(BOB, "ada@example.com", this("bob")).expect_err("taken");
        state.reserve(BOB, "bob@example.com", this("ada")).expect_err("taken");

        assert_eq!(state.check("bob@example.com", &this("bob")), Ok(()));
    }

    #[test]
    fn what_is_released_can_be_had_again_but_only_by_its_holder() {
        let mut state = directory();
        state.release(BOB, "ada@example.com", "ada");
        assert_eq!(state.check("ada@example.com", &this("x_1")), Err(Taken::Email));

        state.release(ADA, "ada@example.com", "ADA");
        assert_eq!(state.check("ada@example.com", &this("ada")), Ok(()));
    }

    #[test]
    fn a_name_that_was_only_a_suggestion_gives_way() {
        let mut state = directory();

        assert_eq!(state.reserve(BOB, "b@example.com", like("ada")), Ok("ada_bbbb".to_owned()));
        let long = "a".repeat(20);
        assert_eq!(state.reserve(AccountId::random([1; 16]), "c@example.com", like(&long)), Ok(long.clone()));
        let name = state.reserve(BOB, "d@example.com", like(&long)).expect("a name");
        assert_eq!(name, format!("{}_bbbb", "a".repeat(15)));
        assert_eq!(state.reserve(BOB, "e@example.com", like(&long)), Ok(format!("{}_bbbbbbbb", "a".repeat(11))));
    }

    #[test]
    fn an_account_that_is_renamed_gives_its_old_name_back() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, "Countess").expect("free");
        assert_eq!(state.begin_renaming(BOB, "countess"), Err(Taken::Username));
        assert_eq!(state.begin_renaming(BOB, "ada"), Err(Taken::Username));
        state.renamed(&renaming, "Ada");

        assert!(state.begin_renaming(BOB, "ada").is_ok());
    }

    #[test]
    fn an_account_that_could_not_be_renamed_gives_the_new_name_back() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, "Countess").expect("free");
        state.not_renamed(&renaming);

        assert!(state.begin_renaming(BOB, "countess").is_ok());
        assert_eq!(state.begin_renaming(BOB, "ada"), Err(Taken::Username));
    }

    #[test]
    fn only_the_case_of_ones_own_name_can_change() {
        let mut state = directory();
        let renaming = state.begin_renaming(ADA, "ADA").expect("its own");
        state.renamed(&renaming, "Ada");
        assert_eq!(state.begin_renaming(BOB, "ada"), Err(Taken::Username));

        let renaming = state.begin_renaming(ADA, "ada").expect("its own");
        state.not_renamed(&renaming);
        assert_eq!(state.begin_renaming(BOB, "ada"), Err(Taken::Username));
    }

    #[test]
    fn two_renamings_of_one_account_do_not_overlap() {
        let mut state = directory();
        let first = state.begin_renaming(ADA, "one").expect("free");
        assert_eq!(state.begin_renaming(ADA, "two"), Err(Taken::Busy));
        state.renamed(&first, "Ada");

        assert!(state.begin_renaming(ADA, "ada").is_ok());
    }

    #[test]
    fn of_two_stored_accounts_with_one_name_the_first_keeps_it() {
        let mut state = State::default();

        assert!(state.hear_stored(ADA, "ada@example.com", "Ada"));
        assert!(!state.hear_stored(BOB, "bob@example.com", "ada"));
        assert_eq!(state.whose("bob@example.com"), Some(BOB));
    }
}

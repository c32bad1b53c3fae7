//! Passwords: argon2id, and the same work whether or not there is an account to compare with.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use hubbub_protocol::fault::{Fault, Kind};

use super::workshop::Workshop;
use crate::kit::ids::Random;

/// What one hash costs whoever computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory.
    pub memory_kib: u32,
    /// How often it is gone through.
    pub passes: u32,
}

impl Cost {
    /// 19 MiB and two passes: what OWASP asks for at least, some 30 ms of one processor. More would let a handful of logins
    /// keep a small machine busy.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// As little as the algorithm allows: for tests alone.
    pub const LEAST: Self = Self { memory_kib: Params::MIN_M_COST, passes: 1 };
}

/// How many hashes may wait for their turn. At standard cost the last of them waits a few seconds.
const WAITING: usize = 256;

/// Hashes and compares passwords, a few at a time.
pub struct Passwords {
    argon2: Argon2<'static>,
    workshop: Workshop,
    /// Compared with where there is no account.
    nobodys: Arc<str>,
}

impl Passwords {
    /// Returns a hasher that works on `at_once` passwords at a time. Computes one hash, to have something to compare with.
    ///
    /// # Errors
    /// The cost is out of the algorithm's bounds.
    pub fn new(cost: Cost, at_once: usize, random: &dyn Random) -> Result<Self, argon2::Error> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut password = [0; 32];
        random.fill(&mut password);
        let nobodys = hash(&argon2, &password, salt(random)).map_err(|_| argon2::Error::OutOfMemory)?;
        Ok(Self { argon2, workshop: Workshop::new(at_once, WAITING), nobodys: nobodys.into() })
    }

    /// Returns what to keep of a password.
    ///
    /// # Errors
    /// Too many wait already, or there is no memory left.
    pub async fn hash(&self, password: String, random: &dyn Random) -> Result<String, Fault> {
        let (argon2, salt) = (self.argon2.clone(), salt(random));
        let hashed = self.workshop.work(move || hash(&argon2, password.as_bytes(), salt)).await?;
        hashed.map_err(|_| Fault::new(Kind::Internal, "", "could not be done, try again"))
    }

    /// Returns whether the password is the one that was kept. `None`, for an account that does not exist, costs the same
    /// and is never right.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn matches(&self, password: String, kept: Option<&str>) -> Result<bool, Fault> {
        let (argon2, exists) = (self.argon2.clone(), kept.is_some());
        let kept: Arc<str> = kept.map_or_else(|| self.nobodys.clone(), Arc::from);
        let is_right = self.workshop.work(move || verify(&argon2, password.as_bytes(), &kept)).await?;
        Ok(exists && is_right)
    }
}

fn salt(random: &dyn Random) -> [u8; 16] {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    salt
}

fn hash(argon2: &Argon2<'static>, password: &[u8], salt: [u8; 16]) -> Result<String, argon2::password_hash::Error> {
    let hashed: PasswordHash = argon2.hash_password_with_salt(password, &salt)?;
    Ok(hashed.to_string())
}

/// A hash that cannot be read fits no password.
fn verify(argon2: &Argon2<'static>, password: &[u8], kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| argon2.verify_password(password, &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ids::SeededRandom;

    fn passwords(random: &SeededRandom) -> Passwords {
        Passwords::new(Cost::LEAST, 2, random).expect("a good cost")
    }

    #[actix::test]
    async fn only_the_password_itself_is_right() {
        let random = SeededRandom::new(1);
        let passwords = passwords(&random);
        let kept = passwords.hash("correct horse".into(), &random).await.expect("a hash");

        for (shown, is_right) in [("correct horse", true), ("correct hors", false), ("Correct horse", false), ("", false)] {
            assert_eq!(passwords.matches(shown.into(), Some(&kept)).await, Ok(is_right), "{shown}");
        }
    }

    #[actix::test]
    async fn what_is_kept_says_how_it_was_made_and_differs_each_time() {
        let random = SeededRandom::new(1);
        let passwords = Passwords::new(Cost::STANDARD, 1, &random).expect("a good cost");
        let one = passwords.hash("password".into(), &random).await.expect("a hash");
        let other = passwords.hash("password".into(), &random).await.expect("a hash");

        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
    }

    #[actix::test]
    async fn without_an_account_the_same_work_is_done_and_nothing_is_right() {
        let random = SeededRandom::new(1);
        let passwords = passwords(&random);
        let kept = passwords.hash("password".into(), &random).await.expect("a hash");
        let cost =
            |hash: &str| hash.rsplit_once('$').and_then(|(head, _)| head.rsplit_once('$')).map(|(cost, _)| cost.to_owned());

        assert_eq!(cost(&passwords.nobodys), cost(&kept));
        assert_eq!(passwords.matches("password".into(), None).await, Ok(false));
    }

    #[actix::test]
    async fn a_hash_of_another_cost_is_still_understood_and_a_broken_one_fits_nothing() {
        let random = SeededRandom::new(1);
        let other = Passwords::new(Cost { memory_kib: 64, passes: 3 }, 1, &random).expect("a good cost");
        let kept = other.hash("password".into(), &random).await.expect("a hash");

        assert_eq!(passwords(&random).matches("password".into(), Some(&kept)).await, Ok(true));
        assert_eq!(passwords(&random).matches("password".into(), Some("$argon2id$broken")).await, Ok(false));
    }
}

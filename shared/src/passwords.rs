//! Passwords: Argon2id with the parameters OWASP names first (19 MiB, two passes, one lane), a salt of its own for each. They are hashed
//! composed (NFC). Hashes from before that are of the password as it was typed, so what is typed otherwise is tried in both ways.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use aws_lc_rs::rand;

use crate::domain::passwords::composed;
use crate::failure::Failure;

/// Memory in KiB.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What is verified where there is no account: the same work, and never a match. It is a hash of random bytes nobody kept.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ChVs2SNtaf4aSIov4m5cDw$CHsvzO9Hjhk6WPItwCxpiFtxPav/spk95VwYopk//HE";

fn argon2() -> Result<Argon2<'static>, Failure> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password, in PHC notation with its salt and parameters.
///
/// # Errors
/// When the random generator fails.
pub fn hash(password: &str) -> Result<String, Failure> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| Failure::internal("no random bytes for a salt"))?;
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(composed(password).as_bytes(), &salt)
        .map_err(|error| Failure::internal(format!("could not hash a password: {error}")))?;
    Ok(hash.to_string())
}

/// Whether this is the password of that hash. Without a hash the same work is done in vain, so that time does not tell whether
/// there is an account: how much it is depends on nothing but what was typed.
///
/// # Errors
/// When a stored hash is damaged.
pub fn verify(password: &str, hash: Option<&str>) -> Result<bool, Failure> {
    let same = composed(password);
    let mut found = fits(&same, hash)?;
    if same != password {
        found |= fits(password, hash)?;
    }
    Ok(found)
}

fn fits(password: &str, hash: Option<&str>) -> Result<bool, Failure> {
    use argon2::password_hash::Error;
    match argon2()?.verify_password(password.as_bytes(), hash.unwrap_or(NOBODY)) {
        Ok(()) => Ok(hash.is_some()),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(Failure::internal(format!("a stored password hash cannot be used: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches() {
        let hash = hash("correct horse battery staple").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse battery staple", Some(&hash)).unwrap());
        assert!(!verify("correct horse battery stable", Some(&hash)).unwrap());
        assert!(!verify("", Some(&hash)).unwrap());
    }

    #[test]
    fn however_it_is_typed() {
        let (composed, apart) = ("Gr\u{fc}\u{df}e aus K\u{f6}ln 1", "Gru\u{308}\u{df}e aus Ko\u{308}ln 1");
        for set in [composed, apart] {
            let hash = hash(set).unwrap();
            assert!(verify(composed, Some(&hash)).unwrap() && verify(apart, Some(&hash)).unwrap(), "{set}");
        }
        // Stored by a release that hashed what was typed.
        let before: PasswordHash = argon2().unwrap().hash_password_with_salt(apart.as_bytes(), &[7; 16]).unwrap();
        let before = before.to_string();
        assert!(verify(apart, Some(&before)).unwrap() && !verify("Grusse aus Koln 1", Some(&before)).unwrap());
        assert!(!verify(apart, None).unwrap());
    }

    #[test]
    fn a_salt_is_never_used_twice() {
        assert_ne!(hash("the same password").unwrap(), hash("the same password").unwrap());
    }

    #[test]
    fn nobody_can_sign_in_and_the_work_is_the_same() {
        assert!(!verify("anything", None).unwrap());
        let stored = hash("x").unwrap();
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parameters(NOBODY), parameters(&stored));
    }

    #[test]
    fn a_damaged_hash_is_a_fault_of_ours() {
        assert!(matches!(verify("x", Some("$argon2id$nonsense")), Err(Failure::Internal(_))));
    }
}

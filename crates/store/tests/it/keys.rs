//! Keys: shown once, stored as hashes, revocable.

use perennial_store::{Error, Scope, Store};
use sea_orm::{ConnectionTrait, Statement};

use crate::databases::{for_each_database, for_each_empty};

#[tokio::test]
async fn a_key_opens_what_it_is_for_until_it_is_revoked() {
    for_each_database(async |store| {
        for scope in [Scope::Write, Scope::Read, Scope::Admin] {
            let made = store.create_key(&format!("the {scope} key"), scope).await.unwrap();
            assert!(made.secret.starts_with(&format!("pk_{scope}_")), "{}", made.secret);
            let found = store.authenticate(&made.secret).await.unwrap().unwrap();
            assert_eq!((found.name.as_str(), found.scope), (made.key.name.as_str(), scope));
            assert_eq!(found.revoked_at, None);
        }
        let made = store.create_key("old", Scope::Write).await.unwrap();
        assert!(store.authenticate(&made.secret).await.unwrap().is_some());
        store.revoke_key("old").await.unwrap();
        assert_eq!(store.authenticate(&made.secret).await.unwrap(), None, "at once in this process");
        let keys = store.keys().await.unwrap();
        let names: Vec<_> = keys.iter().map(|key| (key.name.as_str(), key.revoked_at.is_some())).collect();
        let expected =
            [("the write key", false), ("the read key", false), ("the admin key", false), ("old", true)];
        assert_eq!(names, expected);

        // Revoking again keeps the time; a name is never given twice, or its events would have two senders.
        store.revoke_key("old").await.unwrap();
        assert_eq!(store.keys().await.unwrap()[3].revoked_at, keys[3].revoked_at);
        assert!(matches!(store.create_key("old", Scope::Write).await, Err(Error::Exists(_))));
        assert!(matches!(store.revoke_key("never").await, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    for_each_database(async |store| {
        let secret = store.create_key("shop", Scope::Read).await.unwrap().secret;
        let other_scope = secret.replace("pk_read_", "pk_admin_");
        let last = if secret.ends_with('0') { "1" } else { "0" };
        let other_digit = format!("{}{last}", &secret[..secret.len() - 1]);
        let upper = secret.to_uppercase();
        for wrong in ["", "pk_read_", "shop", &secret[1..], &other_scope, &other_digit, &upper, "pk_read_\0"]
        {
            assert_eq!(store.authenticate(wrong).await.unwrap(), None, "{wrong}");
        }
        for name in ["", "a\nb", &"x".repeat(101)] {
            assert!(
                matches!(store.create_key(name, Scope::Read).await, Err(Error::Invalid { .. })),
                "{name:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_neither_stored_nor_printed() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let made = store.create_key("shop", Scope::Write).await.unwrap();
        let digits = made.secret.rsplit_once('_').unwrap().1;
        assert!(!format!("{made:?} {store:?}").contains(digits));
        let look = fresh.connect().await;
        let query = Statement::from_string(look.get_database_backend(), "SELECT * FROM keys");
        let row = look.query_one_raw(query).await.unwrap().unwrap();
        for column in ["name", "scope", "hash"] {
            assert!(!row.try_get::<String>("", column).unwrap().contains(digits), "{column}");
        }
        look.close().await.unwrap();
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_admin_may_do_everything_and_others_their_own() {
    use Scope::{Admin, Read, Write};
    for scope in [Write, Read, Admin] {
        assert!(Admin.allows(scope) && scope.allows(scope));
    }
    assert!(!Write.allows(Read) && !Read.allows(Write) && !Read.allows(Admin) && !Write.allows(Admin));
}

#[tokio::test]
async fn the_use_of_a_key_is_recorded() {
    for_each_database(async |store| {
        let made = store.create_key("shop", Scope::Write).await.unwrap();
        assert_eq!(made.key.last_used_at, None);
        store.authenticate(&made.secret).await.unwrap();
        for _ in 0..10_000 {
            if store.keys().await.unwrap()[0].last_used_at.is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the use was not recorded");
    })
    .await;
}

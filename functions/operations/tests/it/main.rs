//! What a deployment calls, and what holds for every endpoint and every table: who may see what.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

/// Makes checks one after the other on one installation, since starting every function there is costs more than asking each; one that
/// fails keeps none of the others from being made. Each says which endpoint it fails at, and leaves nothing on the queues.
macro_rules! hold {
    ($app:ident: $($check:path),+ $(,)?) => {{
        let mut failed = Vec::new();
        $(
            let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe($check(&$app))).await;
            let left = $app.leftovers();
            if outcome.is_err() || !left.is_empty() {
                failed.push(format!("{} (on the queues: {left:?})", stringify!($check)));
                $crate::forget_messages(&$app);
            }
        )+
        assert!(failed.is_empty(), "these do not hold, as the panics above say: {failed:#?}");
    }};
}

mod access;
mod audit;
mod contract;
mod migrate;
mod ownership;
mod repeats;
mod row_security;
mod statements;
mod tenant_create;
mod tenants;

/// Throws away what a check has put on the queues and does not look at.
fn forget_messages(app: &testkit::TestApp) {
    for queue in app.sqs().queue_names() {
        app.sqs().clear(&queue);
    }
}

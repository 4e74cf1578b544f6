//! TLS to Postgres with certificate checks, by the system's roots (RDS Proxy's certificates chain to public Amazon roots).

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::Failure;

/// A connector that trusts the system's certificate authorities.
///
/// # Errors
/// When the system has none.
pub fn connector() -> Result<MakeRustlsConnect, Failure> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (trusted, _ignored) = roots.add_parsable_certificates(native.certs);
    if trusted == 0 {
        return Err(Failure::internal("no certificate authorities found on this system; install ca-certificates"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Failure::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

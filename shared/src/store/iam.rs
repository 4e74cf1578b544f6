//! IAM authentication: a presigned request as the password, made locally, valid for 15 minutes, checked only when connecting.
//! Source: the RDS guide on IAM database authentication (see the sheet on AWS contracts).

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::failure::Failure;

/// A password for `user` at `host:port`.
///
/// # Errors
/// When the environment has no AWS credentials.
pub async fn token(host: &str, port: u16, user: &str) -> Result<String, Failure> {
    let loaded = crate::config::aws();
    let region = loaded.region().ok_or_else(|| Failure::internal("AWS_REGION is not set"))?.to_string();
    let provider = loaded.credentials_provider().ok_or_else(|| Failure::internal("no AWS credentials"))?;
    let identity = provider.provide_credentials().await.map_err(Failure::internal)?.into();
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(Duration::from_secs(15 * 60));
    settings.signature_location = SignatureLocation::QueryParams;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("rds-db")
        // The signature carries the wall clock by its nature; nothing else depends on it.
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(Failure::internal)?
        .into();
    let address = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let request = SignableRequest::new("GET", &address, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(Failure::internal)?;
    let (instructions, _signature) = sign(request, &params).map_err(Failure::internal)?.into_parts();
    let mut url = url::Url::parse(&address).map_err(Failure::internal)?;
    for (name, value) in instructions.params() {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url.as_str().trim_start_matches("https://").to_owned())
}

//! How this environment reaches AWS.

use std::sync::OnceLock;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;

use crate::environment::optional;

/// Region, credentials and endpoint as Lambda gives them to every environment: in variables, fixed for its life. The SDK's own search
/// through profiles and services would find the same and costs a megabyte of every archive.
pub fn aws() -> &'static SdkConfig {
    static CONFIG: OnceLock<SdkConfig> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let mut config = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
        if let Some(region) = optional("AWS_REGION") {
            config = config.region(Region::new(region));
        }
        if let Some(endpoint) = optional("AWS_ENDPOINT_URL") {
            config = config.endpoint_url(endpoint);
        }
        if let (Some(key), Some(secret)) = (optional("AWS_ACCESS_KEY_ID"), optional("AWS_SECRET_ACCESS_KEY")) {
            let credentials = Credentials::new(key, secret, optional("AWS_SESSION_TOKEN"), None, "environment");
            config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        }
        config.build()
    })
}

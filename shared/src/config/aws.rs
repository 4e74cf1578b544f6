//! How this environment reaches AWS.

use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;

use crate::environment::optional;

/// How long a connection may take to open. AWS' own end points are in the same region.
const CONNECT: Duration = Duration::from_millis(1_500);

/// How long one attempt of a call may take: these services answer within milliseconds.
const ATTEMPT: Duration = Duration::from_secs(3);

/// How long a call may take with its further attempts. Without an end a service that hangs would be waited for until the invocation
/// is killed.
const CALL: Duration = Duration::from_secs(6);

/// Region, credentials and endpoint as Lambda gives them to every environment: in variables, fixed for its life. The SDK's own search
/// through profiles and services would find the same and costs a megabyte of every archive.
pub fn aws() -> &'static SdkConfig {
    static CONFIG: OnceLock<SdkConfig> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let mut config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).timeout_config(limits);
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

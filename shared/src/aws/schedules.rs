//! One-time EventBridge schedules. A name is derived from what it is for, so that making it twice is a harmless conflict; it
//! deletes itself after it fired; it targets the reminders queue, whose consumer reads the row again.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use aws_types::SdkConfig;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::SchedulerConfig;
use crate::failure::Failure;

/// Makes one-time schedules.
pub struct WakeUps {
    client: Client,
    config: SchedulerConfig,
}

impl WakeUps {
    /// With the environment's AWS configuration.
    pub fn new(aws: &SdkConfig, config: SchedulerConfig) -> Self {
        Self { client: Client::new(aws), config }
    }

    /// Puts `body` on the reminders queue at `at`, to the minute. `name` is 1 to 64 characters of `[0-9a-zA-Z-_.]`; a schedule
    /// of that name that exists already is left as it is.
    ///
    /// # Errors
    /// `Unavailable` when the scheduler does not take it; the sweep does the work then.
    pub async fn at(&self, name: &str, at: Timestamp, body: &str) -> Result<(), Failure> {
        let build = |error: aws_sdk_scheduler::error::BuildError| Failure::internal(error);
        let target = Target::builder()
            .arn(&self.config.reminders_queue_arn)
            .role_arn(&self.config.role_arn)
            .input(body)
            .retry_policy(RetryPolicy::builder().maximum_event_age_in_seconds(3600).maximum_retry_attempts(10).build())
            .build()
            .map_err(build)?;
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(build)?;
        let made = self
            .client
            .create_schedule()
            .group_name(&self.config.group)
            .name(name)
            .schedule_expression(format!("at({})", at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S")))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(window)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ConflictException") => Ok(()),
            Err(error) => Err(Failure::unavailable(format!("scheduler: {}", DisplayErrorContext(&error)))),
        }
    }
}

//! The last output of a child process, kept in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;

/// Bytes kept per process: enough for the log lines of a failing test.
const KEPT: usize = 256 * 1024;

/// A ring buffer of output.
#[derive(Debug, Default)]
pub(super) struct Logs {
    bytes: Mutex<VecDeque<u8>>,
}

impl Logs {
    /// Copies everything `pipe` gives into the buffer until it ends.
    pub(super) fn follow(self: &Arc<Self>, mut pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let logs = Arc::clone(self);
        tokio::spawn(async move {
            let mut chunk = vec![0; 16 * 1024];
            while let Ok(read) = pipe.read(&mut chunk).await
                && read > 0
            {
                logs.push(&chunk[..read]);
            }
        })
    }

    fn push(&self, chunk: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let overflow = (bytes.len() + chunk.len()).saturating_sub(KEPT).min(bytes.len());
        bytes.drain(..overflow);
        bytes.extend(chunk);
    }

    /// Everything kept, as text.
    pub(super) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (front, back) = bytes.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

//! Looking through a log that this process has open.

use std::sync::Arc;

use rusqlite::Connection;

use super::SqliteLog;
use super::audit::{Audit, Audited, Finding};
use super::readers::Pool;
use crate::log::LogError;

/// A look through a log that is under way.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    audit: Audit,
    /// Of its own, with a small cache: what it reads is wanted once.
    conn: Option<Connection>,
}

/// What a step came to.
pub(crate) struct Stepped {
    pub(crate) looking: Looking,
    pub(crate) found: Vec<Finding>,
    /// Whether there is more to look at; or why nothing could be read for now.
    pub(crate) goes_on: Result<bool, LogError>,
}

impl Looking {
    pub(crate) fn audited(&self) -> Audited {
        self.audit.audited
    }

    /// Passes over what cannot be read.
    pub(crate) fn skip(&mut self, error: &LogError, found: &mut Vec<Finding>) {
        self.audit.skip(error, found);
    }

    fn step(&mut self, pool: &Pool, found: &mut Vec<Finding>) -> Result<bool, LogError> {
        let failed = |error: rusqlite::Error| LogError(error.to_string());
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => pool.open_another()?,
        };
        let goes_on = self.audit.step(&conn, found).map_err(failed)?;
        self.conn = Some(conn).filter(|_| goes_on);
        Ok(goes_on)
    }
}

impl SqliteLog {
    /// Looks at some more of what is stored, off the async threads.
    pub(crate) async fn look_through(&self, mut looking: Looking) -> Stepped {
        if let Err(error) = self.settled().await {
            return Stepped { looking, found: Vec::new(), goes_on: Err(error) };
        }
        let pool: Arc<Pool> = self.readers.pool();
        let step = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            let goes_on = looking.step(&pool, &mut found);
            Stepped { looking, found, goes_on }
        });
        step.await.unwrap_or_else(|error| Stepped {
            looking: Looking::default(),
            found: Vec::new(),
            goes_on: Err(LogError(error.to_string())),
        })
    }
}

//! The key of links, kept in the database.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::writer::Writer;
use crate::log::ChainKey;

/// The key that the database has, if it has one.
pub(super) fn find(conn: &Connection) -> rusqlite::Result<Option<ChainKey>> {
    let key: Option<Vec<u8>> =
        conn.prepare_cached("SELECT key FROM chain")?.query_row([], |row| row.get(0)).optional()?;
    let Some(key) = key else { return Ok(None) };
    let bytes = key.try_into().map_err(|key: Vec<u8>| {
        let error = format!("the key of links has {} bytes", key.len());
        rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error.into())
    })?;
    Ok(Some(ChainKey::new(bytes)))
}

impl Writer {
    /// Gives the database a key, unless it has one. As long as it cannot be written, whoever asks gets the same.
    pub(super) fn keep_chain_key(&self) -> rusqlite::Result<()> {
        let sql = "INSERT INTO chain (key) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM chain)";
        self.conn.prepare_cached(sql)?.execute(params![self.shared.new_chain_key.bytes()]).map(drop)
    }
}

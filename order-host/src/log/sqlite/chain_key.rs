//! The chain key, stored in the database.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::writer::Writer;
use crate::log::ChainKey;

/// Returns the database's chain key, if it has one.
pub(super) fn find(conn: &Connection) -> rusqlite::Result<Option<ChainKey>> {
    let key: Option<Vec<u8>> =
        conn.prepare_cached("SELECT key FROM chain")?.query_row([], |row| row.get(0)).optional()?;
    let Some(key) = key else { return Ok(None) };
    let bytes = key.try_into().map_err(|key: Vec<u8>| {
        let error = format!("the key of the chain has {} bytes", key.len());
        rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error.into())
    })?;
    Ok(Some(ChainKey::new(bytes)))
}

/// Returns whether the last fact has a link. Once one has, all later ones have.
fn has_links(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT link IS NOT NULL FROM log ORDER BY id DESC LIMIT 1";
    Ok(conn.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(false))
}

impl Writer {
    /// Stores a key in the database, unless it has one. Until that succeeds, every reader gets
    /// the same new key.
    ///
    /// # Errors
    /// When it cannot be written, or when the previous key is lost: with another key all links
    /// would be wrong.
    pub(super) fn keep_chain_key(&self) -> rusqlite::Result<()> {
        let has_key = self.conn.prepare_cached("SELECT 1 FROM chain")?.exists([])?;
        if !has_key && has_links(&self.conn)? {
            let error = "the key of the chain is missing from the table chain, but facts have links: restore a backup";
            return Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
        }
        let sql = "INSERT INTO chain (key) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM chain)";
        self.conn.prepare_cached(sql)?.execute(params![self.status.new_chain_key.bytes()]).map(drop)
    }
}

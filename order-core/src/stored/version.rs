//! Versions of the stored form, and the upcasts between them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Why a stored document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoredError {
    /// A later release wrote it.
    #[error("it was written in version {found} of the stored form; this release reads up to {supported}")]
    NewerVersion {
        /// The document's version.
        found: u32,
        /// The latest version that this release knows.
        supported: u32,
    },
    /// It is not a document of the stored form.
    #[error("it is not a valid document")]
    Unreadable,
    /// A part of it has an invalid value.
    #[error("its {0} is damaged")]
    Damaged(&'static str),
}

/// Rewrites a document of one version as a document of the next.
pub(super) type Upcast = fn(Value) -> Value;

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// The current version: one more than there are upcasts.
fn current(upcasts: &[Upcast]) -> u32 {
    u32::try_from(upcasts.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Writes `body` as a document of the current version.
pub(super) fn write<T: Serialize>(body: &T, upcasts: &[Upcast]) -> Result<Vec<u8>, StoredError> {
    serde_json::to_vec(&Written { v: current(upcasts), body }).map_err(|_| StoredError::Unreadable)
}

/// Reads a document of any version up to the current one.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], upcasts: &[Upcast]) -> Result<T, StoredError> {
    let VersionOnly { v } = serde_json::from_slice(bytes).map_err(|_| StoredError::Unreadable)?;
    let supported = current(upcasts);
    if v == supported {
        return serde_json::from_slice(bytes).map_err(|_| StoredError::Unreadable);
    }
    if v > supported {
        return Err(StoredError::NewerVersion { found: v, supported });
    }
    // The first version is 1.
    let steps = v.checked_sub(1).and_then(|steps| usize::try_from(steps).ok());
    let steps = steps.ok_or(StoredError::Damaged("version"))?;
    let document: Value = serde_json::from_slice(bytes).map_err(|_| StoredError::Unreadable)?;
    let document = upcasts.iter().skip(steps).fold(document, |document, upcast| upcast(document));
    serde_json::from_value(document).map_err(|_| StoredError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A form in its third version: the first had one `name`, the second called it `title`, the third has a list.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Third {
        titles: Vec<String>,
    }

    const UPCASTS: &[Upcast] = &[
        |mut document| {
            document["title"] = document["name"].take();
            document
        },
        |mut document| {
            document["titles"] = Value::Array(vec![document["title"].take()]);
            document
        },
    ];

    #[test]
    fn every_earlier_version_is_read_as_the_current_one() {
        let expected = Third { titles: vec!["naan".to_owned()] };
        for document in
            [r#"{"v":1,"name":"naan"}"#, r#"{"v":2,"title":"naan"}"#, r#"{"v":3,"titles":["naan"]}"#]
        {
            assert_eq!(read::<Third>(document.as_bytes(), UPCASTS).as_ref(), Ok(&expected), "{document}");
        }
        assert_eq!(write(&expected, UPCASTS).unwrap(), br#"{"v":3,"titles":["naan"]}"#);
    }

    #[test]
    fn a_version_that_this_release_does_not_know_is_refused_by_its_number() {
        let newer = read::<Third>(br#"{"v":4,"titles":[]}"#, UPCASTS);
        assert_eq!(newer, Err(StoredError::NewerVersion { found: 4, supported: 3 }));
        assert_eq!(read::<Third>(br#"{"v":0,"titles":[]}"#, UPCASTS), Err(StoredError::Damaged("version")));
        assert_eq!(read::<Third>(b"{}", UPCASTS), Err(StoredError::Unreadable));
        assert_eq!(read::<Third>(b"\xff", UPCASTS), Err(StoredError::Unreadable));
    }
}

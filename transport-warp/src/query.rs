//! Reads the query of a URL.

use std::borrow::Cow;

/// The values of a parameter in their order, form-decoded. A parameter without a value has
/// an empty one.
pub(crate) fn values<'query>(query: &'query str, name: &str) -> impl Iterator<Item = Cow<'query, str>> {
    form_urlencoded::parse(query.as_bytes()).filter(move |(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_their_order_and_decoded() {
        for (query, expected) in [
            ("", &[][..]),
            ("since", &[""]),
            ("since=", &[""]),
            ("since=7", &["7"]),
            ("_pk=1&since=7&since=8", &["7", "8"]),
            ("since=7=8", &["7=8"]),
            ("s%69nce=%37", &["7"]),
            ("since=a%2Eb%3D%26+c", &["a.b=& c"]),
            ("since=%", &["%"]),
            ("since=%ff", &["\u{fffd}"]),
            ("&&since=7&&", &["7"]),
            ("=since&Since=7&sinces=7&%20since=7", &[]),
        ] {
            assert_eq!(values(query, "since").collect::<Vec<_>>(), expected, "{query}");
        }
    }
}

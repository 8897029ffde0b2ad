//! A fact that nobody needs must not cost a reply: of another type or out of range it is absent.

use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

/// For `#[serde(default, deserialize_with = "lenient")]`.
///
/// By the text of the value, since a number that no number type holds would end the whole reply.
pub(crate) fn lenient<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = Box::<RawValue>::deserialize(deserializer).map_err(D::Error::custom)?;
    Ok(serde_json::from_str(value.get()).unwrap_or_default())
}

//! Values with a name: on the command line, in JSON and in columns.

use strum::VariantArray;

/// One of a fixed set of values, each with a name.
pub trait Named: VariantArray + Copy {
    /// The noun for such a value in messages: `seat class`.
    const NOUN: &'static str;

    /// Returns the name.
    fn name(self) -> &'static str;
}

/// A text that is not the name of any value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {noun} {text:?}; there are {known}")]
pub struct UnknownName {
    noun: &'static str,
    text: String,
    known: String,
}

impl UnknownName {
    /// Creates the error for a text that is not the name of any `T`.
    pub(crate) fn of<T: Named>(text: &str) -> Self {
        let known: Vec<&str> = T::VARIANTS.iter().map(|value| value.name()).collect();
        Self { noun: T::NOUN, text: text.chars().take(40).collect(), known: known.join(", ") }
    }
}

/// Implements `Named` for an enum with strum's texts, and reads and writes it as that text: as a string in serde and,
/// with the feature `sqlx`, in columns of type text. A column with another text is an error.
macro_rules! named {
    ($name:ident, $noun:literal) => {
        impl $name {
            /// Returns the name.
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::named::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let named = |value: &&Self| value.as_str() == text;
                let found = <Self as strum::VariantArray>::VARIANTS.iter().find(named);
                found.copied().ok_or_else(|| crate::named::UnknownName::of::<Self>(text))
            }
        }

        impl crate::named::Named for $name {
            const NOUN: &'static str = $noun;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(<D::Error as serde::de::Error>::custom)
            }
        }

        #[cfg(feature = "sqlx")]
        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                <str as sqlx::Type<sqlx::Postgres>>::type_info()
            }

            fn compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
                <str as sqlx::Type<sqlx::Postgres>>::compatible(ty)
            }
        }

        #[cfg(feature = "sqlx")]
        impl sqlx::Encode<'_, sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut sqlx::postgres::PgArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&str as sqlx::Encode<sqlx::Postgres>>::encode(self.as_str(), buffer)
            }
        }

        #[cfg(feature = "sqlx")]
        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?.parse()?)
            }
        }

        #[cfg(feature = "sqlx")]
        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <&str as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
    };
}

pub(crate) use named;

//! Which values of a field pass a filter: some, or all but some; or those between two. No value is a value here as well: `None`.

use postgres_types::ToSql;

use super::sql::{Bind, Param, params};

/// What is absent does not filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// Only these.
    pub among: Option<Vec<Option<T>>>,
    /// None of these.
    pub without: Option<Vec<Option<T>>>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { among: None, without: None }
    }
}

impl<T> Choice<T> {
    /// This value only.
    pub fn only(value: Option<T>) -> Self {
        Self { among: Some(vec![value]), without: None }
    }

    /// All but this value.
    pub fn but(value: Option<T>) -> Self {
        Self { among: None, without: Some(vec![value]) }
    }

    /// The value of a plain parameter, if it was sent.
    pub fn asked(value: Option<T>) -> Self {
        Self { among: value.map(|value| vec![Some(value)]), without: None }
    }
}

impl<T: PartialEq> Choice<T> {
    /// Both conditions at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let among = match (self.among, other.among) {
            (Some(one), Some(other)) => Some(one.into_iter().filter(|value| other.contains(value)).collect()),
            (one, other) => one.or(other),
        };
        let without = match (self.without, other.without) {
            (Some(mut one), Some(other)) => {
                one.extend(other);
                Some(one)
            }
            (one, other) => one.or(other),
        };
        Self { among, without }
    }
}

impl<T: Bind + ToSql + Sync> Choice<T> {
    /// Its two parameters.
    pub(super) fn push<'a>(&'a self, list: &mut Vec<Param<'a>>) {
        list.extend_from_slice(params![self.among, self.without]);
    }
}

/// A span of time, one end or both of which may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Between<T> {
    /// Included.
    pub from: Option<T>,
    /// Not included.
    pub before: Option<T>,
    /// Only what has no time, or only what has one.
    pub empty: Option<bool>,
}

impl<T: Ord + Copy> Between<T> {
    /// Both conditions at once.
    #[must_use]
    pub fn and(self, from: Option<T>, before: Option<T>) -> Self {
        let earlier = match (self.before, before) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { from: self.from.max(from), before: earlier, empty: self.empty }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_conditions_hold() {
        let some = |values: &[i32]| Choice { among: Some(values.iter().map(|n| Some(*n)).collect()), without: None };
        assert_eq!(some(&[1, 2]).and(some(&[2, 3])), some(&[2]));
        assert_eq!(some(&[1]).and(Choice::only(None)), some(&[]));
        let both = Choice::but(Some(1)).and(Choice::but(None));
        assert_eq!(both.without, Some(vec![Some(1), None]));
        assert_eq!(Choice::<i32>::asked(None), Choice::default());
    }
}

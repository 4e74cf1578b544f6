//! Countries with what is needed to read their telephone numbers.

use std::fmt;
use std::str::FromStr;

/// What people write before a national number when they dial within the country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trunk {
    /// Nothing; a leading zero, if there is one, belongs to the number (Italy).
    None,
    /// These digits, which are not part of the international number.
    Prefix(&'static str),
}

/// A country Lotse can read telephone numbers of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(u8);

struct Row {
    iso: &'static str,
    calling_code: &'static str,
    trunk: Trunk,
}

const fn row(iso: &'static str, calling_code: &'static str, trunk: Trunk) -> Row {
    Row { iso, calling_code, trunk }
}

const ZERO: Trunk = Trunk::Prefix("0");
const ONE: Trunk = Trunk::Prefix("1");
const EIGHT: Trunk = Trunk::Prefix("8");
const NONE: Trunk = Trunk::None;

/// Germany comes first: it is the default. The first country of a calling code stands for all that share it.
const COUNTRIES: &[Row] = &[
    row("DE", "49", ZERO),
    row("AT", "43", ZERO),
    row("CH", "41", ZERO),
    row("LI", "423", NONE),
    row("AL", "355", ZERO),
    row("AD", "376", NONE),
    row("AM", "374", ZERO),
    row("AZ", "994", ZERO),
    row("BA", "387", ZERO),
    row("BE", "32", ZERO),
    row("BG", "359", ZERO),
    row("BY", "375", EIGHT),
    row("CY", "357", NONE),
    row("CZ", "420", NONE),
    row("DK", "45", NONE),
    row("EE", "372", NONE),
    row("ES", "34", NONE),
    row("FI", "358", ZERO),
    row("FO", "298", NONE),
    row("FR", "33", ZERO),
    row("GB", "44", ZERO),
    row("GE", "995", ZERO),
    row("GI", "350", NONE),
    row("GR", "30", NONE),
    row("HR", "385", ZERO),
    row("HU", "36", Trunk::Prefix("06")),
    row("IE", "353", ZERO),
    row("IS", "354", NONE),
    row("IT", "39", NONE),
    row("LT", "370", ZERO),
    row("LU", "352", NONE),
    row("LV", "371", NONE),
    row("MC", "377", NONE),
    row("MD", "373", ZERO),
    row("ME", "382", ZERO),
    row("MK", "389", ZERO),
    row("MT", "356", NONE),
    row("NL", "31", ZERO),
    row("NO", "47", NONE),
    row("PL", "48", NONE),
    row("PT", "351", NONE),
    row("RO", "40", ZERO),
    row("RS", "381", ZERO),
    row("RU", "7", EIGHT),
    row("KZ", "7", EIGHT),
    row("SE", "46", ZERO),
    row("SI", "386", ZERO),
    row("SK", "421", ZERO),
    row("SM", "378", NONE),
    row("TR", "90", ZERO),
    row("UA", "380", ZERO),
    row("XK", "383", ZERO),
    row("US", "1", ONE),
    row("CA", "1", ONE),
    row("MX", "52", NONE),
    row("BR", "55", ZERO),
    row("AR", "54", ZERO),
    row("CL", "56", NONE),
    row("CO", "57", NONE),
    row("AE", "971", ZERO),
    row("SA", "966", ZERO),
    row("QA", "974", NONE),
    row("IL", "972", ZERO),
    row("EG", "20", ZERO),
    row("MA", "212", ZERO),
    row("TN", "216", NONE),
    row("ZA", "27", ZERO),
    row("NG", "234", ZERO),
    row("KE", "254", ZERO),
    row("IN", "91", ZERO),
    row("PK", "92", ZERO),
    row("CN", "86", ZERO),
    row("HK", "852", NONE),
    row("TW", "886", ZERO),
    row("JP", "81", ZERO),
    row("KR", "82", ZERO),
    row("SG", "65", NONE),
    row("MY", "60", ZERO),
    row("TH", "66", ZERO),
    row("VN", "84", ZERO),
    row("ID", "62", ZERO),
    row("PH", "63", ZERO),
    row("AU", "61", ZERO),
    row("NZ", "64", ZERO),
];

impl Country {
    /// How many there are.
    #[cfg(test)]
    pub(in crate::domain) const COUNT: usize = COUNTRIES.len();

    /// Germany.
    pub const GERMANY: Self = Self(0);

    /// The ISO 3166 two-letter code.
    pub const fn iso(self) -> &'static str {
        COUNTRIES[self.0 as usize].iso
    }

    pub(super) const fn calling_code(self) -> &'static str {
        COUNTRIES[self.0 as usize].calling_code
    }

    pub(super) const fn trunk(self) -> Trunk {
        COUNTRIES[self.0 as usize].trunk
    }

    /// The country whose calling code the digits begin with. Calling codes are prefix-free, so there is at most one code.
    pub(super) fn of_number(digits: &str) -> Option<Self> {
        Self::find(|row| digits.starts_with(row.calling_code))
    }

    fn find(wanted: impl Fn(&Row) -> bool) -> Option<Self> {
        COUNTRIES.iter().position(wanted).and_then(|position| u8::try_from(position).ok()).map(Self)
    }
}

impl Default for Country {
    fn default() -> Self {
        Self::GERMANY
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.iso())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.iso())
    }
}

/// The country is not in the list of those whose numbers can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the two-letter code of a country whose telephone numbers can be read")]
pub struct UnknownCountry(pub String);

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(iso: &str) -> Result<Self, Self::Err> {
        Self::find(|row| row.iso.eq_ignore_ascii_case(iso)).ok_or_else(|| UnknownCountry(iso.to_owned()))
    }
}

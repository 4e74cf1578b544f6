//! Codes of countries and currencies that exist.
//!
//! Plain tables instead of a crate: those carry names, numbers and symbols of every entry, and an archive has no room for them.

/// The countries of ISO 3166-1, two letters each, and Kosovo under the code that everybody uses for it.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC \
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC \
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY \
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// The currencies of ISO 4217's list one as published on 1 January 2026, without precious metals, units of account and the codes for
/// tests and for none.
const CURRENCIES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW \
    CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA \
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
    USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XDR XOF XPF YER ZAR ZMW ZWG";

/// The code of a country in upper case, in whatever case it was written; nothing when there is no such country.
pub fn country_code(text: &str) -> Option<&'static str> {
    COUNTRIES.split(' ').find(|code| code.eq_ignore_ascii_case(text))
}

/// Whether there is a currency with this code.
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && CURRENCIES.split(' ').any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::Country;

    #[test]
    fn countries() {
        assert_eq!(COUNTRIES.split(' ').count(), 250);
        assert!(COUNTRIES.split(' ').all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
        assert_eq!(country_code("de"), Some("DE"));
        for unknown in ["xx", "UK", "EU", "D", "DEU", "", "DE AT", " "] {
            assert_eq!(country_code(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_country_whose_numbers_can_be_read_exists() {
        let readable = COUNTRIES.split(' ').filter(|code| code.parse::<Country>().is_ok());
        assert_eq!(readable.count(), Country::COUNT);
    }

    #[test]
    fn currencies() {
        assert_eq!(CURRENCIES.split(' ').count(), 165);
        assert!(CURRENCIES.split(' ').is_sorted());
        assert!(["EUR", "USD", "CHF", "XCG", "ZWG"].into_iter().all(is_currency));
        for unknown in ["XYZ", "eur", "DEM", "BGN", "XXX", "XTS", "XAU", "", "EU", "R U"] {
            assert!(!is_currency(unknown), "{unknown}");
        }
    }
}

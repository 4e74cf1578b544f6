//! Codes of countries and currencies that exist.
//!
//! Plain tables instead of a crate: those carry names, numbers and symbols of every entry, and an archive has no room for them.

use super::search::fold;

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

/// What people and other programs write in forms instead of a code: the countries most of our tenants' customers come from, by the names
/// they have in German, English and at home, by three letters, and by the letters on their cars where no country has those as its code.
const NAMES: [(&str, &str); 58] = [
    ("DE", "D|DEU|Deutschland|Germany|Bundesrepublik Deutschland|Allemagne|BRD"),
    ("AT", "A|AUT|Österreich|Oesterreich|Austria"),
    ("CH", "CHE|Schweiz|Switzerland|Suisse|Svizzera"),
    ("LI", "LIE|FL|Liechtenstein"),
    ("LU", "L|LUX|Luxemburg|Luxembourg"),
    ("BE", "B|BEL|Belgien|Belgium|België|Belgique"),
    ("NL", "NLD|Niederlande|Netherlands|The Netherlands|Holland|Nederland"),
    ("FR", "F|FRA|Frankreich|France"),
    ("IT", "I|ITA|Italien|Italy|Italia"),
    ("ES", "E|ESP|Spanien|Spain|España"),
    ("PT", "P|PRT|Portugal"),
    (
        "GB",
        "GBR|UK|Großbritannien|Great Britain|Vereinigtes Königreich|United Kingdom|England|Schottland|Scotland|Wales|Nordirland|Northern Ireland",
    ),
    ("IE", "IRL|Irland|Ireland"),
    ("DK", "DNK|Dänemark|Daenemark|Denmark|Danmark"),
    ("SE", "S|SWE|Schweden|Sweden|Sverige"),
    ("NO", "N|NOR|Norwegen|Norway|Norge"),
    ("FI", "FIN|Finnland|Finland|Suomi"),
    ("IS", "ISL|Island|Iceland"),
    ("PL", "POL|Polen|Poland|Polska"),
    ("CZ", "CZE|Tschechien|Tschechische Republik|Czechia|Czech Republic"),
    ("SK", "SVK|Slowakei|Slovakia"),
    ("HU", "HUN|Ungarn|Hungary"),
    ("SI", "SVN|Slowenien|Slovenia"),
    ("HR", "HRV|Kroatien|Croatia|Hrvatska"),
    ("RO", "ROU|Rumänien|Rumaenien|Romania"),
    ("BG", "BGR|Bulgarien|Bulgaria"),
    ("GR", "GRC|Griechenland|Greece"),
    ("CY", "CYP|Zypern|Cyprus"),
    ("MT", "MLT|Malta"),
    ("EE", "EST|Estland|Estonia"),
    ("LV", "LVA|Lettland|Latvia"),
    ("LT", "LTU|Litauen|Lithuania"),
    ("RS", "SRB|Serbien|Serbia"),
    ("BA", "BIH|Bosnien und Herzegowina|Bosnia and Herzegovina"),
    ("AL", "ALB|Albanien|Albania"),
    ("MK", "MKD|Nordmazedonien|North Macedonia"),
    ("ME", "MNE|Montenegro"),
    ("XK", "Kosovo"),
    ("UA", "UKR|Ukraine"),
    ("RU", "RUS|Russland|Russia|Russische Föderation|Russian Federation"),
    ("TR", "TUR|Türkei|Tuerkei|Turkey|Türkiye"),
    ("US", "USA|Vereinigte Staaten|Vereinigte Staaten von Amerika|United States|United States of America|U.S.A."),
    ("CA", "CAN|Kanada|Canada"),
    ("MX", "MEX|Mexiko|Mexico"),
    ("BR", "BRA|Brasilien|Brazil"),
    ("AR", "ARG|Argentinien|Argentina"),
    ("CN", "CHN|China|Volksrepublik China"),
    ("JP", "JPN|Japan"),
    ("KR", "KOR|Südkorea|Suedkorea|South Korea"),
    ("IN", "IND|Indien|India"),
    ("SG", "SGP|Singapur|Singapore"),
    ("AE", "ARE|Vereinigte Arabische Emirate|United Arab Emirates|UAE"),
    ("SA", "SAU|Saudi-Arabien|Saudi Arabia"),
    ("IL", "ISR|Israel"),
    ("EG", "EGY|Ägypten|Aegypten|Egypt"),
    ("ZA", "ZAF|Südafrika|Suedafrika|South Africa"),
    ("AU", "AUS|Australien|Australia"),
    ("NZ", "NZL|Neuseeland|New Zealand"),
];

/// The code of a country by its code or one of its names; nothing when it is not known.
pub fn country_named(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if let Some(code) = country_code(text) {
        return Some(code);
    }
    let text = fold(text);
    let (code, _) = NAMES.iter().find(|(_, names)| names.split('|').any(|name| fold(name) == text))?;
    Some(code)
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
    fn countries_as_people_write_them() {
        for (written, code) in [
            ("de", "DE"),
            (" Deutschland", "DE"),
            ("DEU", "DE"),
            ("D", "DE"),
            ("ÖSTERREICH", "AT"),
            ("Oesterreich", "AT"),
            ("Österreich", "AT"),
            ("schweiz", "CH"),
            ("United Kingdom", "GB"),
            ("türkiye", "TR"),
        ] {
            assert_eq!(country_named(written), Some(code), "{written}");
        }
        for unknown in ["", " ", "xx", "Bayern", "Deutsch", "EU", "DE AT"] {
            assert_eq!(country_named(unknown), None, "{unknown}");
        }
        let mut names: Vec<String> = NAMES.iter().flat_map(|(_, names)| names.split('|').map(fold)).collect();
        assert!(NAMES.iter().all(|(code, _)| country_code(code) == Some(code)));
        assert!(names.iter().all(|name| country_code(name).is_none()), "a code is its country's");
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name is one country's");
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

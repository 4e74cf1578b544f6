//! What people send to make or change a lead, and what is wrong with it.

mod values;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::patch::Patch;
use crate::domain::faults::Fault;
use crate::domain::identity::{Country, Identifier};
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::profile::custom::MAX_FIELDS;
use crate::domain::profile::{Profile, ProfileField, Provenance};
use crate::failure::Failure;
use crate::store::leads::write::Handling;
pub(super) use values::checked_tags;
use values::{checked_custom, kind, normal_form};

/// A lead typed by a person. It needs an e-mail address, phone number, LinkedIn profile, last name or company.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLead {
    pub email: Option<String>,
    /// With its country code, or as it is dialled within the tenant's country.
    pub phone: Option<String>,
    pub linkedin_url: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub job_title: Option<String>,
    /// ISO 3166 two-letter code.
    pub country: Option<String>,
    /// Language tag such as `de` or `en-GB`.
    pub language: Option<String>,
    /// Where the person came from, spelled like an event's source.
    pub source: Option<String>,
    /// The campaign's name.
    pub campaign: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Fields of the tenant's own: text, numbers, booleans or lists of those.
    #[serde(default)]
    pub custom: Map<String, Value>,
    pub organization_id: Option<OrganizationId>,
    pub owner_id: Option<MemberId>,
}

/// A change of a lead: absent keeps, null clears. A cleared field stays empty, whatever events say later.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeadPatch {
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub linkedin_url: Patch<String>,
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub company: Patch<String>,
    pub job_title: Patch<String>,
    /// ISO 3166 two-letter code.
    pub country: Patch<String>,
    /// Language tag such as `de` or `en-GB`.
    pub language: Patch<String>,
    pub source: Patch<String>,
    /// The campaign's name.
    pub campaign: Patch<String>,
    /// Replaces all tags.
    pub tags: Patch<Vec<String>>,
    /// Merged key by key; null clears a key.
    pub custom: Patch<Map<String, Value>>,
    pub organization_id: Patch<OrganizationId>,
    pub owner_id: Patch<MemberId>,
}

/// A checked change.
#[derive(Debug)]
pub struct LeadChange {
    /// In normal form; none clears.
    fields: Vec<(ProfileField, Option<String>)>,
    custom: Vec<(String, Option<Value>)>,
    clears_custom: bool,
    tags: Patch<Vec<String>>,
    organization: Patch<OrganizationId>,
    owner: Patch<MemberId>,
    /// The identifiers among the fields.
    pub identifiers: Vec<Identifier>,
}

impl NewLead {
    /// Checks everything at once.
    ///
    /// # Errors
    /// Every fault, with pointers into the body.
    pub fn check(&self, country: Country) -> Result<LeadChange, Vec<Fault>> {
        let set = |value: &Option<String>| value.clone().map_or(Patch::Keep, Patch::Set);
        let patch = LeadPatch {
            email: set(&self.email),
            phone: set(&self.phone),
            linkedin_url: set(&self.linkedin_url),
            first_name: set(&self.first_name),
            last_name: set(&self.last_name),
            company: set(&self.company),
            job_title: set(&self.job_title),
            country: set(&self.country),
            language: set(&self.language),
            source: set(&self.source),
            campaign: set(&self.campaign),
            tags: Patch::Set(self.tags.clone()),
            custom: Patch::Set(self.custom.clone()),
            organization_id: self.organization_id.map_or(Patch::Keep, Patch::Set),
            owner_id: self.owner_id.map_or(Patch::Keep, Patch::Set),
        };
        let somebody = [&self.email, &self.phone, &self.linkedin_url, &self.last_name, &self.company];
        let checked = patch.check(country);
        if somebody.iter().any(|value| value.is_some()) {
            return checked;
        }
        let mut faults = checked.err().unwrap_or_default();
        let detail = "Add an e-mail address, phone number, LinkedIn profile, last name or company.";
        faults.push(Fault::new("", "required", detail));
        Err(faults)
    }
}

impl LeadPatch {
    /// Checks everything at once.
    ///
    /// # Errors
    /// Every fault, with pointers into the body.
    pub fn check(&self, country: Country) -> Result<LeadChange, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fields = Vec::new();
        let mut identifiers = Vec::new();
        for (field, patch) in self.fields() {
            match patch {
                Patch::Keep => {}
                Patch::Clear => fields.push((field, None)),
                Patch::Set(text) => match normal_form(field, text, country) {
                    Ok(value) => {
                        identifiers.extend(kind(field).map(|kind| Identifier { kind, value: value.clone() }));
                        fields.push((field, Some(value)));
                    }
                    Err((code, detail)) => faults.push(Fault::new(format!("/{field}"), code, detail)),
                },
            }
        }
        let custom = match &self.custom {
            Patch::Set(members) => checked_custom(members, &mut faults),
            Patch::Keep | Patch::Clear => Vec::new(),
        };
        let tags = match &self.tags {
            Patch::Set(tags) => Patch::Set(checked_tags(tags, &mut faults)),
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(LeadChange {
            fields,
            custom,
            clears_custom: self.custom == Patch::Clear,
            tags,
            organization: self.organization_id.clone(),
            owner: self.owner_id.clone(),
            identifiers,
        })
    }

    fn fields(&self) -> [(ProfileField, &Patch<String>); 11] {
        [
            (ProfileField::Email, &self.email),
            (ProfileField::Phone, &self.phone),
            (ProfileField::LinkedinUrl, &self.linkedin_url),
            (ProfileField::FirstName, &self.first_name),
            (ProfileField::LastName, &self.last_name),
            (ProfileField::Company, &self.company),
            (ProfileField::JobTitle, &self.job_title),
            (ProfileField::Country, &self.country),
            (ProfileField::Language, &self.language),
            (ProfileField::Source, &self.source),
            (ProfileField::Campaign, &self.campaign),
        ]
    }
}

impl LeadChange {
    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        let sent = self.tags.is_sent() || self.organization.is_sent() || self.owner.is_sent();
        !sent && !self.clears_custom && self.fields.is_empty() && self.custom.is_empty()
    }

    /// Whether a rule can read what this changes: only then is there something to evaluate. Taken apart without `..`, so that each field
    /// to come is asked about.
    pub fn is_read_by_rules(&self) -> bool {
        // Identifiers are fields of the profile, and among those. Tags and the owner are people's own order.
        let Self { fields, custom, clears_custom, tags: _, organization, owner: _, identifiers: _ } = self;
        !fields.is_empty() || !custom.is_empty() || *clears_custom || organization.is_sent()
    }

    /// Whether it changes whom the lead works for, of whom rules may read too.
    pub fn sets_organization(&self) -> bool {
        self.organization.is_sent()
    }

    /// The organisation and the owner that are set now, to be looked up.
    pub fn links(&self) -> (Option<OrganizationId>, Option<MemberId>) {
        (self.organization.clone().apply(None), self.owner.clone().apply(None))
    }

    /// Identifiers of the present profile that this clears.
    pub fn cleared_identifiers(&self, profile: &Profile) -> Vec<Identifier> {
        let cleared =
            self.fields.iter().filter(|(_, value)| value.is_none()).filter_map(|(field, _)| {
                Some(Identifier { kind: kind(*field)?, value: profile.get(*field)?.to_owned() })
            });
        cleared.collect()
    }

    /// Identifiers that the present profile does not show. What it shows may be another lead's all the same: of two that were kept
    /// side by side, one is known by it.
    pub fn new_identifiers(&self, profile: &Profile) -> Vec<Identifier> {
        let shown = |field: ProfileField| kind(field).zip(profile.get(field));
        let shown: Vec<_> = ProfileField::ALL.into_iter().filter_map(shown).collect();
        let is_new = |identifier: &&Identifier| !shown.contains(&(identifier.kind, identifier.value.as_str()));
        self.identifiers.iter().filter(is_new).cloned().collect()
    }

    /// Carries it out on a profile, as typed by a person at `now`: events never change these fields again.
    ///
    /// # Errors
    /// `Invalid` when people set more fields of the tenant's own than a lead carries.
    pub fn apply(&self, profile: &mut Profile, now: Timestamp) -> Result<(), Failure> {
        let typed = || Provenance::Person { at: now };
        for (field, value) in &self.fields {
            profile.set(*field, value.clone(), typed());
        }
        if self.clears_custom {
            for key in profile.custom().keys() {
                profile.set_custom(key, None, typed());
            }
        }
        for (key, value) in &self.custom {
            profile.set_custom(key, value.clone(), typed());
        }
        if profile.has_too_many_custom() {
            let detail = format!("A lead has at most {MAX_FIELDS} custom fields, those cleared by hand among them.");
            return Err(Failure::invalid("/custom", "too_many", detail));
        }
        Ok(())
    }

    /// What people set besides the profile, afterwards.
    pub fn handling(&self, before: Handling) -> Handling {
        Handling {
            tags: self.tags.clone().apply(Some(before.tags)).unwrap_or_default(),
            organization: self.organization.clone().apply(before.organization),
            owner: self.owner.clone().apply(before.owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(body: Value) -> Result<LeadChange, Vec<Fault>> {
        serde_json::from_value::<LeadPatch>(body).unwrap().check(Country::default())
    }

    #[test]
    fn every_fault_at_once() {
        let faults = patch(json!({
            "email": "nobody", "phone": "call me", "country": "Germany", "language": "?", "company": " ",
            "tags": ["a", ""], "custom": {"bad key": 1, "list": [1, {}], "email": "x"}, "source": "My Site",
        }))
        .unwrap_err();
        let mut found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("/company", "empty"),
                ("/country", "unknown_value"),
                ("/custom/bad key", "bad_name"),
                ("/custom/email", "bad_name"),
                ("/custom/list/1", "type"),
                ("/email", "bad_identifier"),
                ("/language", "format"),
                ("/phone", "bad_identifier"),
                ("/source", "bad_name"),
                ("/tags/1", "empty"),
            ]
        );
    }

    #[test]
    fn a_person_wins_over_the_profile_and_clears_it() {
        let now = Timestamp::UNIX_EPOCH;
        let mut profile = Profile::default();
        patch(json!({"email": " Anna@Example.COM ", "custom": {"size": 4, "city": "Köln"}}))
            .unwrap()
            .apply(&mut profile, now)
            .unwrap();
        assert_eq!(profile.get(ProfileField::Email), Some("anna@example.com"));
        let change = patch(json!({"email": null, "custom": {"size": null}})).unwrap();
        let cleared = change.cleared_identifiers(&profile);
        assert_eq!((cleared.len(), cleared[0].value.as_str()), (1, "anna@example.com"));
        change.apply(&mut profile, now).unwrap();
        assert_eq!(profile.get(ProfileField::Email), None);
        assert_eq!(Value::Object(profile.custom()), json!({"city": "Köln"}));
        patch(json!({"custom": null})).unwrap().apply(&mut profile, now).unwrap();
        assert_eq!(Value::Object(profile.custom()), json!({}));
    }

    #[test]
    fn a_lead_has_room_for_a_hundred_custom_fields() {
        let now = Timestamp::UNIX_EPOCH;
        let mut profile = Profile::default();
        let fields = |from: usize, to: usize| {
            let fields: Map<String, Value> = (from..to).map(|n| (format!("field_{n}"), json!(n))).collect();
            patch(json!({ "custom": fields })).unwrap()
        };
        fields(0, MAX_FIELDS).apply(&mut profile, now).unwrap();
        let Err(Failure::Invalid(faults)) = fields(100, 101).apply(&mut profile, now) else { panic!("no room left") };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/custom", "too_many"));
        let list = patch(json!({"custom": {"long": vec!["x".repeat(500); 5], "many": vec![1; 51]}})).unwrap_err();
        let found: Vec<_> = list.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(found, [("/custom/long", "too_large"), ("/custom/many", "too_many")]);
    }

    #[test]
    fn handling_is_kept_replaced_or_cleared() {
        let before =
            Handling { tags: vec!["vip".to_owned()], organization: Some(OrganizationId::default()), owner: None };
        assert_eq!(patch(json!({})).unwrap().handling(before.clone()), before);
        let after = patch(json!({"tags": ["a", "a", " b "], "organization_id": null})).unwrap().handling(before);
        assert_eq!(after, Handling { tags: vec!["a".to_owned(), "b".to_owned()], organization: None, owner: None });
    }

    #[test]
    fn rules_read_the_profile_and_not_how_people_handle_it() {
        let is_read = |body: Value| patch(body).unwrap().is_read_by_rules();
        for body in [
            json!({"job_title": "CEO"}),
            json!({"email": null}),
            json!({"custom": {"size": 4}}),
            json!({"custom": null}),
            json!({"organization_id": null}),
        ] {
            assert!(is_read(body.clone()), "{body}");
        }
        assert!(!is_read(json!({"tags": ["vip"], "owner_id": null})));
    }

    #[test]
    fn somebody_must_be_meant() {
        let faults = NewLead { first_name: Some("Anna".to_owned()), ..NewLead::default() }.check(Country::default());
        assert_eq!(faults.unwrap_err()[0].code, "required");
        let lead =
            NewLead { phone: Some("030 1234567".to_owned()), ..NewLead::default() }.check(Country::default()).unwrap();
        assert_eq!(lead.identifiers[0].value, "+49301234567");
    }
}

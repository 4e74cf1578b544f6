//! What people read about a decision.

use super::*;

fn told(record: &DecisionRecord, de: &str, en: &str) {
    // The space before the per cent sign does not break; here it is written plainly.
    let plain = |text: String| text.replace('\u{a0}', " ");
    let got = explain(record);
    assert_eq!(plain(got.de), de);
    assert_eq!(plain(got.en), en);
}

#[test]
fn a_routed_lead() {
    let inactive = Candidate { active: false, name: "Max".to_owned(), ..member(2, 0, 9, None) };
    let anna = Candidate { name: "Anna Müller".to_owned(), ..member(1, 2, 20, None) };
    let bert = Candidate { name: "Bert".to_owned(), ..member(3, 5, 20, None) };
    told(
        &decide(inputs(54, [10, 50, 0], Some(0)), &[anna, inactive, bert]),
        "Automatisch zugeordnet: Der Lead hat 54 Punkte (nötig sind 40) und interessiert sich mit 71,4 % Sicherheit für B2B (nötig \
         sind 60 %). An zweiter Stelle steht Forschung mit 14,3 %. Die Punkte: 0 für die Person, 0 für Aufmerksamkeit, 54 für \
         Verhalten. Zuständig ist Anna Müller mit 2 von 20 möglichen Deals. Nicht gewählt: Max (nicht aktiv), Bert (stärker \
         ausgelastet, 5 von 20 möglichen Deals).",
        "Routed automatically: the lead has 54 points (needed: 40) and is interested in B2B with 71.4 % confidence (needed: 60 %). \
         Research comes second with 14.3 %. The points: 0 for who they are, 0 for engagement, 54 for behaviour. The owner is Anna \
         Müller with 2 of 20 possible deals. Passed over: Max (not active), Bert (more loaded, 5 of 20 possible deals).",
    );
}

#[test]
fn a_lead_that_waits() {
    told(
        &decide(inputs(34, [0, 11, 0], None), &[]),
        "Noch nicht zugeordnet: Der Lead hat 34 Punkte und gilt als warm. Für die automatische Zuordnung braucht er 6 weitere Punkte \
         und mehr Sicherheit bei B2B (52,4 % → 60 %).",
        "Not routed yet: the lead has 34 points and counts as warm. To be routed automatically it needs 6 more points and more \
         confidence in B2B (52.4 % → 60 %).",
    );
    told(
        &decide(inputs(45, [0, 0, 0], Some(13)), &[]),
        "Noch nicht zugeordnet: Der Lead hat 45 Punkte und gilt als heiß. Für die automatische Zuordnung braucht er ein erkennbares \
         Interesse (Sicherheit 0 % → 60 %). Bleibt unklar, was der Lead sucht, kommt er am 16.06.2026 in die Discovery-Pipeline.",
        "Not routed yet: the lead has 45 points and counts as hot. To be routed automatically it needs a recognisable interest \
         (confidence 0 % → 60 %). If it stays unclear what the lead is after, it goes to the Discovery pipeline on 16 June 2026.",
    );
}

#[test]
fn a_lead_that_waits_where_nothing_goes_to_discovery() {
    let mut lead = inputs(45, [0, 0, 0], Some(20));
    lead.config.discovery_after_days = None;
    told(
        &decide(lead, &[]),
        "Noch nicht zugeordnet: Der Lead hat 45 Punkte und gilt als heiß. Für die automatische Zuordnung braucht er ein erkennbares \
         Interesse (Sicherheit 0 % → 60 %). Leads mit unklarem Interesse kommen hier nicht von selbst in eine Pipeline; von Hand geht es \
         jederzeit.",
        "Not routed yet: the lead has 45 points and counts as hot. To be routed automatically it needs a recognisable interest \
         (confidence 0 % → 60 %). Leads of unclear intent do not get into a pipeline by themselves here; by hand they do at any time.",
    );
}

#[test]
fn a_conflict() {
    told(
        &decide(inputs(41, [20, 20, 0], Some(1)), &[]),
        "Bitte entscheiden: Der Lead hat 41 Punkte, aber Forschung (40 %) und B2B (40 %) liegen nicht mehr als 15 Prozentpunkte \
         auseinander. Die Pipeline legt deshalb ein Mensch fest. Für die automatische Zuordnung braucht er mehr Sicherheit bei \
         Forschung (40 % → 60 %, klar vor B2B).",
        "Please decide: the lead has 41 points, but Research (40 %) and B2B (40 %) are no more than 15 percentage points apart. So \
         a person chooses the pipeline. To be routed automatically it needs more confidence in Research (40 % → 60 %, clearly ahead \
         of B2B).",
    );
}

#[test]
fn discovery_with_nobody_free() {
    told(
        &decide(inputs(45, [5, 0, 0], Some(14)), &[]),
        "In die Discovery-Pipeline: Der Lead hat seit dem 01.06.2026 genug Punkte (45), aber nach 14 Tagen ist noch unklar, was er \
         sucht (33,3 % Sicherheit, nötig sind 60 %). Niemand im Team war frei; der Deal hat noch keinen Besitzer.",
        "Into the Discovery pipeline: the lead has had enough points (45) since 1 June 2026, but after 14 days it is still unclear \
         what they are after (33.3 % confidence, needed: 60 %). Nobody in the team was free; the deal has no owner yet.",
    );
}

#[test]
fn decisions_by_hand() {
    let choice =
        ManualChoice { decided_by: None, pipeline_id: None, owner_id: None, reason: Some("Falsch erkannt".to_owned()) };
    told(
        &decide_by_hand(inputs(10, [0, 0, 0], None), choice),
        "Von Hand in den gemeinsamen Lead-Pool zurückgelegt. Begründung: „Falsch erkannt“",
        "Put back into the global lead pool by hand. Reason: “Falsch erkannt”",
    );
}

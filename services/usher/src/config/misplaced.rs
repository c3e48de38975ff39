//! Settings in the section of a service that does not have them, where they would have no effect.

use super::{ServiceSettings, Settings};

/// A setting that only some services have.
struct Rule {
    name: &'static str,
    is_set: fn(&ServiceSettings) -> bool,
    /// The sections that have it.
    of: &'static [&'static str],
    /// The sections that do not, and what may have been meant there.
    instead: &'static [(&'static str, &'static str)],
}

const KEYS: [(&str, &str); 2] = [
    ("identity", "identity.service_key_file"),
    ("billing", "billing.service_key_file, or billing.proof_key_file for signing ledgers"),
];

const RULES: [Rule; 8] = [
    Rule {
        name: "key_file",
        is_set: |service| !service.key_file.is_empty(),
        of: &["tenant"],
        instead: &KEYS,
    },
    Rule { name: "keys", is_set: |service| service.keys.is_some(), of: &["tenant"], instead: &KEYS },
    Rule {
        name: "service_key_file",
        is_set: |service| !service.service_key_file.is_empty(),
        of: &["identity", "billing"],
        instead: &[("tenant", "tenant.key_file")],
    },
    Rule {
        name: "service_key",
        is_set: |service| service.service_key.is_some(),
        of: &["identity", "billing"],
        instead: &[("tenant", "tenant.keys")],
    },
    Rule {
        name: "proof_key_file",
        is_set: |service| !service.proof_key_file.is_empty(),
        of: &["billing"],
        instead: &[],
    },
    Rule {
        name: "close_after",
        is_set: |service| !service.close_after.is_empty(),
        of: &["billing"],
        instead: &[],
    },
    Rule {
        name: "close_alarm_after",
        is_set: |service| !service.close_alarm_after.is_empty(),
        of: &["billing"],
        instead: &[],
    },
    Rule {
        name: "verify_every",
        is_set: |service| !service.verify_every.is_empty(),
        of: &["billing"],
        instead: &[],
    },
];

/// Reports all such settings, and the right ones.
pub(super) fn find(settings: &Settings, faults: &mut Vec<String>) {
    for (section, service) in
        [("tenant", &settings.tenant), ("identity", &settings.identity), ("billing", &settings.billing)]
    {
        for Rule { name, is_set, of, instead } in &RULES {
            if of.contains(&section) || !is_set(service) {
                continue;
            }
            let meant = instead.iter().find(|(of, _)| *of == section).map(|(_, meant)| (*meant).to_owned());
            let meant = meant.unwrap_or_else(|| format!("{}.{name}", of[0]));
            faults.push(format!("{section}.{name} is not a setting; it is {meant}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_another_service_is_refused_and_the_right_one_is_named() {
        let set = [
            "billing.key_file=/etc/usher/proof.key",
            "identity.keys=x",
            "tenant.service_key_file=/etc/usher/tenant.key",
            "tenant.service_key=x",
            "identity.proof_key_file=/etc/usher/proof.key",
            "tenant.verify_every=1h",
        ];
        let settings = Settings::load(None, &set.map(str::to_owned)).unwrap();

        let mut faults = Vec::new();
        find(&settings, &mut faults);

        assert_eq!(faults.len(), set.len(), "{faults:?}");
        for meant in [
            "billing.key_file is not a setting; it is billing.service_key_file, or billing.proof_key_file",
            "identity.keys is not a setting; it is identity.service_key_file",
            "it is tenant.key_file",
            "it is tenant.keys",
            "identity.proof_key_file is not a setting; it is billing.proof_key_file",
            "it is billing.verify_every",
        ] {
            assert!(faults.iter().any(|fault| fault.contains(meant)), "{meant} is not in {faults:?}");
        }
    }
}

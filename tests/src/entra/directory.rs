//! The people of the tenant, and their changes from cycle to cycle.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::names::{self, Name};
use super::person::{Kind, Person, Standing};
use super::team::Team;

/// The number of days after which a deleted object is purged.
const RECYCLE_BIN_DAYS: u32 = 30;
/// The number of people per group.
const PEOPLE_A_TEAM: usize = 25;

const DEPARTMENTS: [&str; 9] = [
    "Engineering",
    "Sales & Marketing",
    "Finance",
    "R&D / \"Skunk Works\"",
    "Kundendienst Süd",
    "人事部",
    "Legal (EMEA)",
    "Ops, 24×7",
    "Мережі",
];
const TITLES: [&str; 8] = [
    "Engineer",
    "Senior Engineer",
    "Head of Everything",
    "Geschäftsführer",
    "C++ / C# Developer",
    "VP, \"Special\" Projects",
    "工程师",
    "Analyst 🚀",
];
const CITIES: [(&str, &str); 5] =
    [("Zürich", "CH"), ("São Paulo", "BR"), ("東京", "JP"), ("Kraków", "PL"), ("Leeds", "GB")];

/// The properties of a directory.
#[derive(Clone, Debug)]
pub struct Population {
    /// The number of people at the start.
    pub people: usize,
    /// Decides everything: the same seed gives the same directory and the same changes.
    pub seed: u64,
    /// Domains of members (the first) and of guests (the last).
    pub domains: Vec<String>,
    /// A domain that the workspace refuses, if there is one.
    pub outside: Option<String>,
    /// Distinguishes the people of several directories in the same workspace.
    pub suffix: String,
    /// The number of days between two cycles. Entra's cycles are 40 minutes apart; here more time passes, so that
    /// objects are purged within a run.
    pub days_a_cycle: u32,
}

#[derive(Debug)]
pub struct Directory {
    population: Population,
    people: Vec<Person>,
    teams: Vec<Team>,
    principal_names: BTreeSet<String>,
    day: u32,
    rng: StdRng,
}

/// What happened in a cycle: counts by kind of event.
pub type Life = BTreeMap<&'static str, usize>;

impl Directory {
    /// Generates the directory.
    pub fn generate(population: Population) -> Self {
        let rng = StdRng::seed_from_u64(population.seed);
        let mut directory = Self {
            people: Vec::new(),
            teams: Vec::new(),
            principal_names: BTreeSet::new(),
            day: 0,
            rng,
            population,
        };
        for index in 0..directory.population.people {
            // Two people have the same name, and differ in everything else.
            let name = (index == 1).then(|| directory.people[0].name.clone());
            directory.join(name);
        }
        for _ in 0..(directory.people.len() / PEOPLE_A_TEAM).max(2) {
            directory.found();
        }
        directory
    }

    /// All people, including purged ones. An index always refers to the same person.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// All groups, including deleted ones. An index always refers to the same group.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    pub fn person(&self, index: usize) -> &Person {
        &self.people[index]
    }

    /// Simulates the days until the next cycle; returns what happened.
    pub fn live(&mut self) -> Life {
        self.day += self.population.days_a_cycle;
        let mut life = Life::new();
        let count = self.people.len();
        for index in 0..count {
            if let Some(event) = self.change(index) {
                *life.entry(event).or_default() += 1;
            }
        }
        for _ in 0..(count / 50).max(1) {
            self.join(None);
            *life.entry("joined").or_default() += 1;
        }
        let mut teams = std::mem::take(&mut self.teams);
        for event in teams.iter_mut().filter_map(|team| team.live(&mut self.rng, self.people.len())) {
            *life.entry(event).or_default() += 1;
        }
        self.teams = teams;
        self.found();
        life
    }

    fn found(&mut self) {
        let label = format!("{}{}", self.teams.len() + 1, self.population.suffix);
        self.teams.push(Team::draw(&mut self.rng, self.people.len(), &label));
    }

    fn join(&mut self, name: Option<Name>) {
        let name = name.unwrap_or_else(|| names::draw(&mut self.rng));
        let index = self.people.len();
        let (kind, domain) = self.kind();
        let address = self.address(&name, &domain);
        let chance = |rng: &mut StdRng, percent: u32| rng.random_range(0..100) < percent;
        let rng = &mut self.rng;
        let user_type = match kind {
            Kind::Member => [(4, "Collaborator"), (6, "Regular")]
                .into_iter()
                .find_map(|(percent, user_type)| chance(rng, percent).then_some(user_type)),
            Kind::Guest | Kind::Outsider => Some(if chance(rng, 70) { "External" } else { "Collaborator" }),
        };
        let (city, country) = CITIES[rng.random_range(0..CITIES.len())];
        let extension = rng.random_range(100..10_000);
        let person = Person {
            object_id: Uuid::from_u128(rng.random()),
            kind,
            standing: Standing::InScope,
            mail: address.clone(),
            user_principal_name: address,
            name,
            job_title: chance(rng, 85).then(|| TITLES[rng.random_range(0..TITLES.len())].to_owned()),
            department: chance(rng, 80).then(|| DEPARTMENTS[rng.random_range(0..9)].to_owned()),
            company_name: chance(rng, 60).then(|| format!("Acme {country}")),
            employee_id: chance(rng, 70).then(|| format!("{index:06}")),
            telephone_number: chance(rng, 65).then(|| format!("+41 (0)44 555 {extension}")),
            mobile: chance(rng, 40).then(|| format!("079-555 {extension};ext=7")),
            street_address: chance(rng, 30).then(|| format!("Bahnhofstraße {extension}\n3. Stock")),
            city: chance(rng, 50).then(|| city.to_owned()),
            country: chance(rng, 50).then(|| country.to_owned()),
            user_type,
            manager: (index > 4 && chance(rng, 75)).then(|| rng.random_range(0..index / 4 + 1)),
        };
        self.people.push(person);
    }

    fn kind(&mut self) -> (Kind, String) {
        let guests = self.population.domains.last().cloned().unwrap_or_default();
        let outside = self.population.outside.clone().filter(|_| self.people.len() % 40 == 7);
        match (self.rng.random_range(0..100), outside) {
            (_, Some(outside)) => (Kind::Outsider, outside),
            (0..6, _) if self.people.len() > 5 => (Kind::Guest, guests),
            _ => (Kind::Member, self.population.domains.first().cloned().unwrap_or_default()),
        }
    }

    /// A principal name that was never used, compared without case.
    fn address(&mut self, name: &Name, domain: &str) -> String {
        let plain = names::mail_nickname(name);
        // Some admins type addresses in capitals, and some keep the name as it is written.
        let local = match (plain, self.rng.random_range(0..40)) {
            (Some(plain), 0) => plain.to_uppercase(),
            (None, 1..4) => name.given.to_lowercase().replace(' ', "."),
            (Some(plain), _) => plain,
            (None, _) => "person".to_owned(),
        };
        let suffix = &self.population.suffix;
        let mut number = 1_usize;
        loop {
            let tail = if number == 1 { String::new() } else { number.to_string() };
            let candidate = format!("{local}{tail}{suffix}@{domain}");
            if self.principal_names.insert(candidate.to_lowercase()) {
                return candidate;
            }
            number = if number < 10 { number + 1 } else { self.people.len() + number };
        }
    }

    /// Changes a person in a cycle, or not.
    fn change(&mut self, index: usize) -> Option<&'static str> {
        let dice = self.rng.random_range(0..1_000);
        let event = match self.people[index].standing {
            Standing::InScope => match dice {
                0..15 => self.put(index, Standing::Disabled, "disabled"),
                15..25 => self.put(index, Standing::Unassigned, "unassigned"),
                25..40 => self.put(index, Standing::SoftDeleted(self.day), "deleted"),
                40..50 => return self.rename(index),
                50..80 => self.move_department(index),
                80..95 => self.change_phone(index),
                95..105 => self.change_user_type(index),
                105..120 => return self.change_manager(index),
                120..128 => self.marry(index),
                _ => return None,
            },
            Standing::Disabled if dice < 400 => self.put(index, Standing::InScope, "enabled again"),
            Standing::Unassigned if dice < 300 => self.put(index, Standing::InScope, "assigned again"),
            Standing::SoftDeleted(since) if self.day >= since + RECYCLE_BIN_DAYS => {
                self.put(index, Standing::Purged, "purged")
            }
            Standing::SoftDeleted(_) if dice < 200 => self.put(index, Standing::InScope, "restored"),
            _ => return None,
        };
        Some(event)
    }

    fn put(&mut self, index: usize, standing: Standing, event: &'static str) -> &'static str {
        self.people[index].standing = standing;
        event
    }

    fn rename(&mut self, index: usize) -> Option<&'static str> {
        let name = self.people[index].name.clone();
        let domain = self.people[index].user_principal_name.rsplit_once('@')?.1.to_owned();
        let address = self.address(&name, &domain);
        self.people[index].mail.clone_from(&address);
        self.people[index].user_principal_name = address;
        Some("got another address")
    }

    fn marry(&mut self, index: usize) -> &'static str {
        self.people[index].name = names::other_family(&mut self.rng, &self.people[index].name);
        "got another name"
    }

    fn move_department(&mut self, index: usize) -> &'static str {
        let department = DEPARTMENTS[self.rng.random_range(0..DEPARTMENTS.len())];
        let title = TITLES[self.rng.random_range(0..TITLES.len())];
        let person = &mut self.people[index];
        person.department = Some(department.to_owned());
        person.job_title = Some(title.to_owned());
        person.city = Some(CITIES[index % CITIES.len()].0.to_owned());
        "moved"
    }

    /// A removed number is null, and null is not provisioned, so the server keeps it.
    fn change_phone(&mut self, index: usize) -> &'static str {
        let extension = self.rng.random_range(100..10_000);
        let person = &mut self.people[index];
        if person.telephone_number.take().is_some() {
            return "lost a phone";
        }
        person.telephone_number = Some(format!("+48 22 555 {extension}"));
        "got a phone"
    }

    fn change_user_type(&mut self, index: usize) -> &'static str {
        let next = match self.people[index].seat_class() {
            "Regular" => "Collaborator",
            "Collaborator" => "External",
            _ => "Regular",
        };
        self.people[index].user_type = Some(next);
        "changed user type"
    }

    fn change_manager(&mut self, index: usize) -> Option<&'static str> {
        let manager = self.rng.random_range(0..self.people.len());
        (manager != index).then(|| self.people[index].manager = Some(manager))?;
        Some("got another manager")
    }
}

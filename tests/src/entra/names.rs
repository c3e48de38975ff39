//! Names of people in many scripts.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// The names of a culture. `family_first` decides the order in a display name.
struct Culture {
    given: &'static [&'static str],
    family: &'static [&'static str],
    family_first: bool,
    language: &'static str,
}

const CULTURES: &[Culture] = &[
    western(
        &["Ada", "Grace", "Alan", "Katherine", "Dennis", "Barbara", "Edsger", "Frances"],
        &["Lovelace", "Hopper", "Turing", "Johnson", "O'Neill", "Smith-Jones", "McCarthy", "St. John"],
        "en-GB",
    ),
    western(
        &["Jürgen", "Käthe", "Björn", "Änne", "Günther", "Zoë"],
        &["Müller", "Weiß", "von der Größe", "Schröder", "Öztürk", "Strauß"],
        "de-DE",
    ),
    western(
        &["François", "Élodie", "Hélène", "Benoît", "Gaëlle"],
        &["L'Hôpital", "Béranger", "d'Été", "Lefèvre", "Noël"],
        "fr-FR",
    ),
    western(
        &["José", "María del Carmen", "Íñigo", "Begoña"],
        &["Núñez", "García Márquez", "Ibáñez y Peña"],
        "es-ES",
    ),
    western(
        &["Łukasz", "Żaneta", "Grażyna", "Świętosław"],
        &["Łącki", "Żółć", "Wójcik", "Brzęczyszczykiewicz"],
        "pl-PL",
    ),
    western(&["İbrahim", "Işıl", "Çağlar", "Gülşah"], &["Yıldız", "Şahin", "Özgür", "Ağaoğlu"], "tr-TR"),
    western(&["Þórdís", "Sigurður", "Ægir"], &["Jónsdóttir", "Guðmundsson", "Þorsteinsson"], "is-IS"),
    western(&["Nguyễn Văn", "Thị Hương", "Đức"], &["Trần", "Lê", "Phạm Đình"], "vi-VN"),
    western(&["Олена", "Дмитро", "Ґалина", "Їжак"], &["Шевченко", "Їжакевич", "Ґонта"], "uk-UA"),
    western(&["Ελένη", "Γιώργος", "Ἀλέξανδρος"], &["Παπαδόπουλος", "Ωνάσης", "Ξενάκης"], "el-GR"),
    western(&["אורי", "שרה", "יעל"], &["כהן", "לוי", "בן־גוריון"], "he-IL"),
    western(&["محمد", "فاطمة", "عبد الرحمن"], &["الخوارزمي", "ابن سينا", "حسين"], "ar-EG"),
    western(&["अनुष्का", "राहुल", "क्षितिज"], &["शर्मा", "गुप्ता", "श्रीवास्तव"], "hi-IN"),
    western(&["สมชาย", "กัลยา"], &["ใจดี", "ศรีสุข"], "th-TH"),
    western(&["თამარ", "შოთა"], &["რუსთაველი", "ჭავჭავაძე"], "ka-GE"),
    western(&["Nina", "Q", "X Æ"], &["Ŋ", "Li", "Null", "True"], "en-US"),
    eastern(&["花子", "太郎", "さくら"], &["山田", "佐藤", "髙橋"], "ja-JP"),
    eastern(&["伟", "秀英", "𠮷子"], &["王", "欧阳", "李"], "zh-CN"),
    eastern(&["지우", "민준"], &["김", "남궁", "박"], "ko-KR"),
];

const fn western(
    given: &'static [&'static str],
    family: &'static [&'static str],
    language: &'static str,
) -> Culture {
    Culture { given, family, family_first: false, language }
}

const fn eastern(
    given: &'static [&'static str],
    family: &'static [&'static str],
    language: &'static str,
) -> Culture {
    Culture { given, family, family_first: true, language }
}

/// A person's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `givenName`
    pub given: String,
    /// `surname`
    pub family: String,
    /// `displayName`
    pub display: String,
    /// `preferredLanguage`
    pub language: &'static str,
}

/// Generates a name.
pub fn draw(rng: &mut StdRng) -> Name {
    let culture = &CULTURES[rng.random_range(0..CULTURES.len())];
    let given = culture.given[rng.random_range(0..culture.given.len())];
    let family = culture.family[rng.random_range(0..culture.family.len())];
    let display =
        if culture.family_first { format!("{family} {given}") } else { format!("{given} {family}") };
    Name { given: given.to_owned(), family: family.to_owned(), display, language: culture.language }
}

/// Another family name, as after a marriage.
pub fn other_family(rng: &mut StdRng, name: &Name) -> Name {
    let mut other = draw(rng);
    while other.family == name.family {
        other = draw(rng);
    }
    let display = name.display.replacen(&name.family, &other.family, 1);
    Name { family: other.family, display, ..name.clone() }
}

/// The part before the `@` that an admin would derive from a name: plain letters, or `None` for other scripts.
pub fn mail_nickname(name: &Name) -> Option<String> {
    let plain =
        |text: &str| -> String { text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect() };
    let (given, family) = (plain(&name.given), plain(&name.family));
    (!given.is_empty() && !family.is_empty()).then(|| format!("{given}.{family}"))
}

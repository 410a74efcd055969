//! Azure's regions: `Japan East` and `japaneast` are the same.

/// Short name and display name of every region, sovereign clouds included.
pub const REGIONS: &[(&str, &str)] = &[
    ("australiacentral", "Australia Central"),
    ("australiacentral2", "Australia Central 2"),
    ("australiaeast", "Australia East"),
    ("australiasoutheast", "Australia Southeast"),
    ("austriaeast", "Austria East"),
    ("belgiumcentral", "Belgium Central"),
    ("bleufrancecentral", "Bleu France Central"),
    ("bleufrancesouth", "Bleu France South"),
    ("brazilsouth", "Brazil South"),
    ("brazilsoutheast", "Brazil Southeast"),
    ("canadacentral", "Canada Central"),
    ("canadaeast", "Canada East"),
    ("centralindia", "Central India"),
    ("centralus", "Central US"),
    ("centraluseuap", "Central US EUAP"),
    ("chilecentral", "Chile Central"),
    ("chinaeast", "China East"),
    ("chinaeast2", "China East 2"),
    ("chinaeast3", "China East 3"),
    ("chinanorth", "China North"),
    ("chinanorth2", "China North 2"),
    ("chinanorth3", "China North 3"),
    ("denmarkeast", "Denmark East"),
    ("eastasia", "East Asia"),
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("eastus2euap", "East US 2 EUAP"),
    ("eastus3", "East US 3"),
    ("francecentral", "France Central"),
    ("francesouth", "France South"),
    ("germanynorth", "Germany North"),
    ("germanywestcentral", "Germany West Central"),
    ("indiasouthcentral", "India South Central"),
    ("indonesiacentral", "Indonesia Central"),
    ("israelcentral", "Israel Central"),
    ("israelnorthwest", "Israel Northwest"),
    ("italynorth", "Italy North"),
    ("japaneast", "Japan East"),
    ("japanwest", "Japan West"),
    ("jioindiacentral", "Jio India Central"),
    ("jioindiawest", "Jio India West"),
    ("koreacentral", "Korea Central"),
    ("koreasouth", "Korea South"),
    ("malaysiasouth", "Malaysia South"),
    ("malaysiawest", "Malaysia West"),
    ("mexicocentral", "Mexico Central"),
    ("newzealandnorth", "New Zealand North"),
    ("northcentralus", "North Central US"),
    ("northeurope", "North Europe"),
    ("northeastus5", "Northeast US 5"),
    ("norwayeast", "Norway East"),
    ("norwaywest", "Norway West"),
    ("polandcentral", "Poland Central"),
    ("qatarcentral", "Qatar Central"),
    ("southafricanorth", "South Africa North"),
    ("southafricawest", "South Africa West"),
    ("southcentralus", "South Central US"),
    ("southcentralus2", "South Central US 2"),
    ("southindia", "South India"),
    ("southeastasia", "Southeast Asia"),
    ("southeastus", "Southeast US"),
    ("spaincentral", "Spain Central"),
    ("swedencentral", "Sweden Central"),
    ("swedensouth", "Sweden South"),
    ("switzerlandnorth", "Switzerland North"),
    ("switzerlandwest", "Switzerland West"),
    ("taiwannorth", "Taiwan North"),
    ("taiwannorthwest", "Taiwan Northwest"),
    ("uaecentral", "UAE Central"),
    ("uaenorth", "UAE North"),
    ("uksouth", "UK South"),
    ("ukwest", "UK West"),
    ("usdodcentral", "US DoD Central"),
    ("usdodeast", "US DoD East"),
    ("usgovarizona", "US Gov Arizona"),
    ("usgovtexas", "US Gov Texas"),
    ("usgovvirginia", "US Gov Virginia"),
    ("westcentralus", "West Central US"),
    ("westeurope", "West Europe"),
    ("westindia", "West India"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westus3", "West US 3"),
];

/// The short form of a region's name: lower case, no spaces. The region need not be known.
pub fn short_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// No region has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is not an Azure region.{}", .nearest.map(|region| format!(" Did you mean '{region}'?")).unwrap_or_default())]
pub struct UnknownRegion {
    /// The requested name.
    pub name: String,
    /// The known region that is spelled almost the same, if there is one.
    pub nearest: Option<&'static str>,
}

/// How alike two names must be for one to be suggested in place of the other, from 0 to 1 (Jaro-Winkler): `westeurop`
/// suggests westeurope, `mars` suggests nothing.
const ALIKE: f64 = 0.85;
/// No region's name is longer; longer input is not compared.
const MAX_LENGTH: usize = 64;

/// The short name of a region, by its short or display name in any case.
///
/// # Errors
/// [`UnknownRegion`], with the region that is spelled most like it.
pub fn find(name: &str) -> Result<&'static str, UnknownRegion> {
    let short = short_name(name);
    if let Some((known, _)) = REGIONS.iter().find(|(known, _)| *known == short) {
        return Ok(known);
    }
    let candidates = REGIONS.iter().map(|(known, _)| *known).filter(|_| short.len() <= MAX_LENGTH);
    let nearest = candidates
        .map(|known| {
            (strsim::jaro_winkler(&short, known), strsim::levenshtein(&short, known), known)
        })
        .filter(|(alike, edits, _)| *alike >= ALIKE && *edits <= 3)
        .min_by_key(|(_, edits, _)| *edits);
    Err(UnknownRegion { name: name.to_owned(), nearest: nearest.map(|(_, _, known)| known) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_display_names_are_the_same() {
        for name in ["japaneast", "Japan East", "JAPAN EAST", "japan east"] {
            assert_eq!(find(name), Ok("japaneast"));
        }
    }

    #[test]
    fn the_nearest_region_is_suggested() {
        for (name, nearest) in
            [("japeneast", "japaneast"), ("westeurop", "westeurope"), ("eastus22", "eastus2")]
        {
            assert_eq!(find(name).unwrap_err().nearest, Some(nearest), "{name}");
        }
        for name in ["mars", "atlantis", "", &"x".repeat(10_000)] {
            assert_eq!(find(name).unwrap_err().nearest, None, "{name}");
        }
    }

    #[test]
    fn display_names_lead_to_their_short_names() {
        for (short, display) in REGIONS {
            assert_eq!(short_name(display), *short);
        }
    }
}

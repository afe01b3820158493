//! How mails present the product: its name, its logo and the address for questions.

use shared::domain::{Email, Name};

/// The longest name of a product, in characters.
pub const MAX_PRODUCT_NAME: usize = 60;
/// The name of the product unless a deployment names another one.
const PRODUCT_NAME: &str = "Rolecall";

/// The look of mails. The default has no logo and no address for questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    pub(crate) product: String,
    pub(crate) logo: Option<String>,
    pub(crate) support: Option<Email>,
}

impl Default for Brand {
    fn default() -> Self {
        Self { product: PRODUCT_NAME.to_owned(), logo: None, support: None }
    }
}

impl Brand {
    /// The look with these settings. Each can be absent.
    ///
    /// # Errors
    ///
    /// A message that names the setting, if the name is empty or too long, the logo is no `https`
    /// URL, or the address is malformed.
    pub fn parse(
        product: Option<&str>,
        logo: Option<&str>,
        support: Option<&str>,
    ) -> Result<Self, String> {
        let product = Name::parse(product.unwrap_or(PRODUCT_NAME), MAX_PRODUCT_NAME);
        let product = product.map_err(|error| format!("PRODUCT_NAME: {error}"))?;
        if let Some(logo) = logo.filter(|logo| !is_https(logo)) {
            return Err(format!(
                "LOGO_URL: {logo:?} is no URL of an image: begin it with https://"
            ));
        }
        let support = support.map(Email::parse).transpose();
        let support = support.map_err(|error| format!("SUPPORT_ADDRESS: {error}"))?;
        Ok(Self { product: product.to_string(), logo: logo.map(str::to_owned), support })
    }

    /// The name of the product.
    #[must_use]
    pub fn product(&self) -> &str {
        &self.product
    }

    /// The `https` URL of the logo.
    #[must_use]
    pub fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }
}

fn is_https(url: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"'\\".contains(&byte);
    url.starts_with("https://") && url.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_and_optional() {
        assert_eq!(Brand::parse(None, None, None), Ok(Brand::default()));
        let logo = "https://cdn.example.com/logo.png?v=2";
        let brand =
            Brand::parse(Some("Acme Portal"), Some(logo), Some("Help@example.com")).unwrap();
        assert_eq!(brand.product, "Acme Portal");
        assert_eq!(brand.support, Email::parse("help@example.com").ok());
        for (product, logo, support) in [
            (Some(""), None, None),
            (None, Some("http://example.com/logo.png"), None),
            (None, Some("https://example.com/\"><script>"), None),
            (None, None, Some("nobody")),
        ] {
            assert!(Brand::parse(product, logo, support).is_err());
        }
    }
}

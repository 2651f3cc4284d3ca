//! What a store said, in words with what to do about it.

use object_store::Error as StoreError;

use super::{Provider, RemotePath};
use crate::error::Error;

impl RemotePath {
    // By value: it is what `map_err` is given.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn failed(&self, error: StoreError) -> Error {
        Error::ObjectStore { url: self.to_string(), problem: self.in_words(&error) }
    }

    fn in_words(&self, error: &StoreError) -> String {
        let said = causes(error).join(": ");
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let Names { access, address } = names(self.provider);
        if says(&["NoSuchBucket", "ContainerNotFound", "specified bucket does not exist"]) {
            return format!("there is no bucket {:?}; check its name and {address}", self.bucket);
        }
        match error {
            StoreError::NotFound { .. } => {
                "there is no such object; check the key, or use a glob such as orders/*.csv.gz".to_owned()
            }
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                format!(
                    "access is denied; check {access}, and that they may list and read (or write) this bucket"
                )
            }
            StoreError::InvalidPath { .. } => format!("this is no valid key: {}", root_cause(error)),
            _ if says(&["169.254.169.254", "metadata.google.internal", "Missing", "token request"]) => {
                format!("there are no credentials; set {access}")
            }
            _ if says(&["URL scheme is not allowed", "BadScheme"]) => {
                format!(
                    "the endpoint is a plain http:// address; to allow that, set {}",
                    plain_http(self.provider)
                )
            }
            _ => format!("the store cannot be used ({}); check the network and {address}", root_cause(error)),
        }
    }
}

/// The environment variables that give access and address.
struct Names {
    access: &'static str,
    address: &'static str,
}

const fn names(provider: Provider) -> Names {
    match provider {
        Provider::Amazon => Names {
            access: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where it is used)",
            address: "AWS_REGION and, for stores other than Amazon's, AWS_ENDPOINT_URL",
        },
        Provider::Google => Names {
            access: "GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT (a file)",
            address: "GOOGLE_BASE_URL where it is set",
        },
        Provider::Azure => Names {
            access: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY (or AZURE_STORAGE_SAS_KEY)",
            address: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ENDPOINT where it is set",
        },
    }
}

const fn plain_http(provider: Provider) -> &'static str {
    match provider {
        Provider::Amazon => "AWS_ALLOW_HTTP=true",
        Provider::Google => "GOOGLE_ALLOW_HTTP=true",
        Provider::Azure => "AZURE_ALLOW_HTTP=true",
    }
}

/// What the error and all that caused it say, the innermost reason last.
fn causes(error: &StoreError) -> Vec<String> {
    let outermost: &dyn std::error::Error = error;
    std::iter::successors(Some(outermost), |error| error.source()).map(ToString::to_string).collect()
}

/// The innermost reason. The layers around it name URLs, which may hold signatures.
fn root_cause(error: &StoreError) -> String {
    causes(error).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(provider: Provider, error: StoreError) -> String {
        RemotePath { provider, bucket: "shop".to_owned(), key: "a.csv".to_owned() }.failed(error).to_string()
    }

    #[test]
    fn errors_name_the_variables_of_their_store() {
        let denied = || StoreError::PermissionDenied { path: "a.csv".to_owned(), source: "403".into() };
        assert!(said(Provider::Amazon, denied()).contains("AWS_SECRET_ACCESS_KEY"));
        assert!(said(Provider::Google, denied()).contains("GOOGLE_APPLICATION_CREDENTIALS"));
        assert!(said(Provider::Azure, denied()).contains("AZURE_STORAGE_ACCOUNT_KEY"));
        let missing =
            StoreError::NotFound { path: "a.csv".to_owned(), source: "<Code>NoSuchBucket</Code>".into() };
        assert_eq!(
            said(Provider::Amazon, missing),
            "s3://shop/a.csv: there is no bucket \"shop\"; check its name and AWS_REGION and, for stores other than Amazon's, AWS_ENDPOINT_URL"
        );
    }
}

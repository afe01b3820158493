//! The bucket of exported files. The files contain personal data (U4).

use serde_json::json;

use super::{functions, list, resource, resources, template};

#[test]
fn only_members_uses_the_bucket() {
    let members = &resource("Members")["Properties"];
    let variables = &members["Environment"]["Variables"];
    assert_eq!(variables["EXPORT_BUCKET"], json!({ "Ref": "Exports" }));
    assert_eq!(variables["EXPORT_INLINE"], json!({ "Ref": "ExportInline" }));
    for (name, function) in functions() {
        let refers = function["Properties"]["Environment"].to_string().contains("Exports");
        assert_eq!(refers, name == "members", "{name}");
    }
}

#[test]
fn inline_export_fits_into_a_response() {
    let members = &resource("Members")["Properties"];
    assert!(members["Timeout"].as_u64() < Some(29), "the API times out after 29 seconds");
    let bytes = template()["Parameters"]["ExportInline"]["MaxValue"].as_u64().expect("a bound");
    assert!(bytes * 4 / 3 < 6 * 1024 * 1024 - 64 * 1024, "a response has at most 6 MB");
}

#[test]
fn bucket_is_private_encrypted_and_emptied_after_a_day() {
    let buckets = resources("AWS::S3::Bucket");
    assert_eq!(buckets.keys().collect::<Vec<_>>(), ["Exports"]);
    let bucket = &buckets["Exports"];
    assert_eq!(bucket["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(bucket["UpdateReplacePolicy"], "Retain");
    let own = &bucket["Properties"];
    assert!(own.get("BucketName").is_none(), "bucket names are unique over all accounts");
    assert!(own.get("VersioningConfiguration").is_none(), "an old version would remain");
    let blocked = own["PublicAccessBlockConfiguration"].as_object().expect("access is blocked");
    assert_eq!(blocked.len(), 4);
    assert!(blocked.values().all(|on| *on == true));
    let owner = &own["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
    assert_eq!(*owner, "BucketOwnerEnforced");
    let rule = &own["LifecycleConfiguration"]["Rules"][0];
    assert_eq!(rule["Status"], "Enabled");
    assert_eq!(rule["ExpirationInDays"], 1);
    assert!(rule.get("Prefix").is_none() && rule.get("TagFilters").is_none(), "some would remain");
    let encryption = &own["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    let algorithm = json!({ "Fn::If": ["HasKey", "aws:kms", "AES256"] });
    assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], algorithm);
}

#[test]
fn bucket_refuses_connections_without_tls() {
    let policies = resources("AWS::S3::BucketPolicy");
    assert_eq!(policies.keys().collect::<Vec<_>>(), ["ExportsPolicy"]);
    let policy = &policies["ExportsPolicy"];
    assert_eq!(policy["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(policy["Properties"]["Bucket"], json!({ "Ref": "Exports" }));
    let denied = json!({
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{ "Fn::GetAtt": "Exports.Arn" }, { "Fn::Sub": "${Exports.Arn}/*" }],
        "Condition": { "Bool": { "aws:SecureTransport": false } },
    });
    assert_eq!(list(&policy["Properties"]["PolicyDocument"]["Statement"]), [denied]);
}

// Package contract holds the names that the functions and the infrastructure
// share: environment variables, path roots, and the properties of the custom
// resource. It depends on the standard library only, so that infra can import
// it without importing any function.
package contract

// Path roots on the one domain. Each ends where the variable part begins.
const (
	// PresignRoot is followed by the object key, percent-encoded.
	PresignRoot = "/presign/"
	// ObjectsRoot is followed by the rest of the object key. An S3 key equals
	// the URL path without its leading slash, so every served key begins with
	// KeyPrefix.
	ObjectsRoot = "/objects/"
	// KeyPrefix is what every served object key begins with.
	KeyPrefix = "objects/"
	// LinksPath is the collection of one-time links; LinksPath + "/" is
	// followed by a link's id.
	LinksPath = "/presign/links"
	// OnceRoot is followed by the token of a one-time link.
	OnceRoot = "/once/"
)

// Environment variables of the functions.
const (
	// EnvDomain is the public domain, without scheme or port.
	EnvDomain = "ONEDOOR_DOMAIN"
	// EnvS3Host is the Host that S3 receives and that is therefore signed: the
	// domain itself when the bucket is named after it, the bucket's S3 host
	// when the load balancer rewrites Host.
	EnvS3Host = "ONEDOOR_S3_HOST"
	// EnvRedirectStatus is the status of redirects: 301, 302, 303 or 307.
	EnvRedirectStatus = "ONEDOOR_REDIRECT_STATUS"
	// EnvTTLDefault is the life of a presigned URL in seconds when the request
	// names none.
	EnvTTLDefault = "ONEDOOR_TTL_DEFAULT"
	// EnvTTLMax is the longest life of a presigned URL in seconds.
	EnvTTLMax = "ONEDOOR_TTL_MAX"
)

// Environment variables of the functions that deal with one-time links.
const (
	// EnvTable is the name of the links' table.
	EnvTable = "ONEDOOR_TABLE"
	// EnvBucket is the name of the object bucket.
	EnvBucket = "ONEDOOR_BUCKET"
	// EnvLinkTTLDefault is the life of a link in seconds when its creator names
	// none.
	EnvLinkTTLDefault = "ONEDOOR_LINK_TTL_DEFAULT"
	// EnvLinkTTLMax is the longest life of a link in seconds.
	EnvLinkTTLMax = "ONEDOOR_LINK_TTL_MAX"
	// EnvLinkRetention is how many seconds the record of a link stays after its
	// expiry.
	EnvLinkRetention = "ONEDOOR_LINK_RETENTION"
	// EnvBindAddress is "true" where the URL that a claim gets is bound to the
	// claimer's address, else "false".
	EnvBindAddress = "ONEDOOR_BIND_ADDRESS"
)

// Attributes of the links' table that its definition names.
const (
	// TablePartitionKey is the partition key, a string. There is no sort key.
	TablePartitionKey = "id"
	// TableTTL is the attribute by which DynamoDB deletes rows.
	TableTTL = "purgeAt"
)

// Properties and attributes of the custom resource EndpointIPs.
const (
	// EndpointIPsType is its CloudFormation type.
	EndpointIPsType = "Custom::EndpointIPs"
	// EndpointIPsPropertyEndpoint is the id of the interface endpoint.
	EndpointIPsPropertyEndpoint = "VpcEndpointId"
	// EndpointIPsPropertyInterfaces lists the ids of the endpoint's network
	// interfaces; a change of it makes CloudFormation ask again.
	EndpointIPsPropertyInterfaces = "NetworkInterfaceIds"
	// EndpointIPsPropertySubnets lists the ids of the endpoint's subnets. It
	// gives the answer its order and its length.
	EndpointIPsPropertySubnets = "SubnetIds"
	// EndpointIPsAttribute is the prefix of the attributes returned: the
	// private IPv4 address of the endpoint in the n-th subnet is
	// EndpointIPsAttribute + n, counted from zero.
	EndpointIPsAttribute = "IpAddress"
)

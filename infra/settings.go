package main

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// settings are what a stage may decide, read from the context key "onedoor",
// which holds one object per stage. Only domain and one of certificateArn and
// hostedZone are required.
type settings struct {
	// stage names the stacks, onedoor-<stage>-network and
	// onedoor-<stage>-service, and the stage of the REST API.
	stage string
	// domain is the one domain that clients use.
	domain string
	// bucketName is the object bucket, by default named after the domain: S3
	// then takes the bucket from Host. With any other name the load balancer
	// rewrites Host.
	bucketName string
	// objectPaths are the paths of the domain under which objects are served,
	// by default /objects/, at most 10. Narrower ones, such as
	// /objects/reports/, keep the rest of a bucket out of the door's reach: the
	// listener rules, the endpoint policy and the signer's role know only them.
	objectPaths []string
	// region is where the stacks go. Without it, it is the certificate's
	// region, or else the one that the credentials name at deployment.
	region string
	// certificateARN is an ACM certificate for the domain. Without it one is
	// created and validated through the hosted zone.
	certificateARN string
	// hostedZone is the public Route 53 zone that gets the domain's record.
	hostedZone hostedZone
	// vpcCIDR is the address range of the VPC, /16 to /25, by default
	// 10.0.0.0/24. Each subnet takes a quarter of it, so that zones can be
	// appended without moving the ones that exist.
	vpcCIDR netip.Prefix
	// availabilityZones is the number of zones, 2 to 4, by default 2.
	availabilityZones int
	// clientCIDRs are the address ranges that may reach the door, by default
	// all of IPv4. The accelerator keeps client addresses.
	clientCIDRs []netip.Prefix
	// redirectStatus is the status of presign's redirects: 301 (the default),
	// 302, 303 or 307.
	redirectStatus int
	// ttl bounds the life of presigned URLs.
	ttl ttl
	// links is about one-time links.
	links links
	// throttle bounds what the REST API accepts.
	throttle throttle
	// logRetentionDays is how long logs are kept, in CloudWatch and in the log
	// bucket: a period that CloudWatch knows, by default 90.
	logRetentionDays int
	// retain keeps buckets, table, logs and accelerator when their stack is
	// deleted, and protects stacks, load balancer and table from deletion. Default
	// true.
	retain bool
	// cloudWatchRole also creates the role by which API Gateway writes access
	// logs. The role is one per account and region: leave it false, the
	// default, where something else has set it.
	cloudWatchRole bool
	// alarmTopicARN is an SNS topic that alarms notify. Without it they only
	// show their state.
	alarmTopicARN string
}

// hostedZone is a Route 53 zone by its id and its name; zero for none.
type hostedZone struct {
	id, name string
}

// ttl holds lives of presigned URLs in seconds.
type ttl struct {
	// byDefault is for requests that name none. Default 900.
	byDefault int
	// max is the ceiling, at most 12 hours: a URL dies with the session of the
	// function that signed it. Default 3600.
	max int
}

// links decides about one-time links.
type links struct {
	// ttl bounds the life of links in seconds: one day by default, seven days
	// at most unless the stage allows more, which can be up to 366 days.
	ttl ttl
	// retentionDays is how long the record of a link stays after its expiry, for
	// audit: 0 to 3660 days, by default 90.
	retentionDays int
	// bindAddress binds the URL that a claim gets to the claimer's address, so
	// that it is worth nothing elsewhere. Default false.
	bindAddress bool
}

// throttle is the stage-wide limit of the REST API.
type throttle struct {
	// rate is in requests per second. Default 100.
	rate int
	// burst is in requests. Default 200.
	burst int
}

const (
	contextKey   = "onedoor"
	stageKey     = "stage"
	defaultStage = "local"
)

// settingsFrom reads the settings of the stage that the context names.
func settingsFrom(node constructs.Node) (settings, error) {
	stage := node.TryGetContext(jsii.String(stageKey))
	if stage == nil {
		stage = defaultStage
	}
	return readSettings(stage, node.TryGetContext(jsii.String(contextKey)))
}

// readSettings returns the settings of one stage out of the object of all
// stages, or every mistake in them, joined.
func readSettings(stage, stages any) (settings, error) {
	var faults faults
	all := faults.object(contextKey, stages)
	name, isText := stage.(string)
	known := slices.Sorted(maps.Keys(all.values))
	switch {
	case !isText || !stagePattern.MatchString(name):
		faults.add(stageKey, stage, "name the stage with lower-case letters, digits and hyphens, at most 20, a letter first")
	case !slices.Contains(known, name):
		faults.add(stageKey, stage, "use a stage of cdk.json: %s", strings.Join(known, ", "))
	default:
		s := read(all.object(name))
		s.stage = name
		return s, faults.join()
	}
	return settings{}, faults.join()
}

// read takes a stage's settings out of its object and checks each.
func read(o *object) settings {
	s := settings{
		domain:            o.text("domain", ""),
		region:            o.text("region", ""),
		certificateARN:    o.text("certificateArn", ""),
		availabilityZones: o.number("availabilityZones", fewestZones, fewestZones, mostZones),
		redirectStatus:    o.oneOf("redirectStatus", redirectStatuses[0], redirectStatuses),
		logRetentionDays:  o.oneOf("logRetentionDays", 90, slices.Sorted(maps.Keys(retentionPeriods))),
		retain:            o.flag("retain", true),
		cloudWatchRole:    o.flag("cloudWatchRole", false),
		alarmTopicARN:     o.text("alarmTopicArn", ""),
	}
	s.bucketName = o.text("bucketName", s.domain)
	s.objectPaths = o.texts("objectPaths", contract.ObjectsRoot)
	s.vpcCIDR = o.cidr("vpcCidr", "10.0.0.0/24")
	s.clientCIDRs = o.cidrs("clientCidrs", "0.0.0.0/0")

	zone := o.object("hostedZone")
	s.hostedZone = hostedZone{id: zone.text("id", ""), name: strings.TrimSuffix(zone.text("name", ""), ".")}
	zone.close()

	life := o.object("ttl")
	s.ttl.max = life.number("max", 3600, 1, longestTTL)
	s.ttl.byDefault = life.number("default", min(900, s.ttl.max), 1, s.ttl.max)
	life.close()

	once := o.object("links")
	linkLife := once.object("ttl")
	s.links.ttl.max = linkLife.number("max", 7*secondsPerDay, 1, longestLink)
	s.links.ttl.byDefault = linkLife.number("default", min(secondsPerDay, s.links.ttl.max), 1, s.links.ttl.max)
	linkLife.close()
	s.links.retentionDays = once.number("retentionDays", 90, 0, longestRecord)
	s.links.bindAddress = once.flag("bindAddress", false)
	once.close()

	limit := o.object("throttle")
	s.throttle = throttle{rate: limit.number("rate", 100, 1, mostRate), burst: limit.number("burst", 200, 1, mostBurst)}
	limit.close()

	o.close()
	if arn := certificatePattern.FindStringSubmatch(s.certificateARN); arn != nil && s.region == "" {
		s.region = arn[1]
	}
	checkNames(o, s)
	checkPaths(o, s)
	checkNetwork(o, s)
	return s
}

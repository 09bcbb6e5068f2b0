package main

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
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
	// throttle bounds what the REST API accepts.
	throttle throttle
	// logRetentionDays is how long logs are kept, in CloudWatch and in the log
	// bucket: a period that CloudWatch knows, by default 90.
	logRetentionDays int
	// retain keeps buckets when their stack is deleted and protects the load
	// balancer from deletion. Default true.
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

// throttle is the stage-wide limit of the REST API.
type throttle struct {
	// rate is in requests per second. Default 100.
	rate int
	// burst is in requests. Default 200.
	burst int
}

const (
	defaultStage  = "local"
	longestTTL    = 12 * 60 * 60
	widestVPC     = 16
	narrowestVPC  = 25
	fewestZones   = 2
	mostZones     = 4
	mostClients   = 25
	mostPaths     = 10
	longestPath   = 120
	mostRate      = 10_000
	mostBurst     = 5_000
	contextKey    = "onedoor"
	stageKey      = "stage"
	longestDomain = 253
)

var (
	stagePattern  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
	labelPattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	// No character that listener rules, policies or URLs give a meaning to.
	pathPattern   = regexp.MustCompile(`^/objects/([A-Za-z0-9._-]+/)*$`)
	zoneIDPattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	// Global Accelerator exists in the partition aws only, so ARNs of other
	// partitions are mistakes.
	certificatePattern = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9A-Za-z-]+$`)
	topicPattern       = regexp.MustCompile(`^arn:aws:sns:([a-z0-9-]+):[0-9]{12}:[0-9A-Za-z_.-]+$`)
)

// Affixes that S3 keeps for itself.
var (
	reservedBucketPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedBucketSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"}
)

var redirectStatuses = []int{301, 302, 303, 307}

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

// checkNames checks what names things outside the stacks: domain, bucket,
// region, certificate, zone and topic.
func checkNames(o *object, s settings) {
	switch {
	case !o.isSet("domain"):
		o.missing("domain", "name the domain that clients use, such as files.example.com")
	case s.domain == "":
		// Of the wrong form, and reported as that.
	case !isDomain(s.domain):
		o.fault("domain", s.domain, "use a lower-case DNS name of at least two labels, without scheme, port, wildcard or trailing dot")
	case s.bucketName == s.domain && !isBucketName(s.bucketName):
		o.fault("domain", s.domain, "the bucket is named after the domain and S3 refuses that name: set bucketName")
	}
	if s.bucketName != s.domain && !isBucketName(s.bucketName) {
		o.fault("bucketName", s.bucketName, "use 3 to 63 lower-case letters, digits, dots and hyphens, as S3's bucket naming rules say")
	}
	if s.region != "" && !regionPattern.MatchString(s.region) {
		o.fault("region", s.region, "use a region code such as eu-central-1")
	}
	checkRegional(o, s, "certificateArn", s.certificateARN, certificatePattern, "arn:aws:acm:REGION:ACCOUNT:certificate/ID")
	checkRegional(o, s, "alarmTopicArn", s.alarmTopicARN, topicPattern, "arn:aws:sns:REGION:ACCOUNT:NAME")
	checkZone(o, s)
}

// checkRegional checks an ARN, if there is one, for its form and its region.
func checkRegional(o *object, s settings, name, arn string, pattern *regexp.Regexp, form string) {
	if arn == "" {
		return
	}
	match := pattern.FindStringSubmatch(arn)
	switch {
	case match == nil:
		o.fault(name, arn, "use the form %s", form)
	case s.region != "" && match[1] != s.region:
		o.fault(name, arn, "it must be of the stage's region, %s", s.region)
	}
}

// checkZone checks that the domain can be served: by a certificate that
// exists, or by one that the hosted zone can validate.
func checkZone(o *object, s settings) {
	switch {
	case !o.isSet("hostedZone") && !o.isSet("certificateArn"):
		o.missing("certificateArn", "set it, or set hostedZone so that a certificate can be created")
		return
	case !o.isObject("hostedZone"):
		return
	}
	zone := s.hostedZone
	if !zoneIDPattern.MatchString(zone.id) {
		o.fault("hostedZone.id", zone.id, "use the zone's id, such as Z0123456789ABCDEFGHIJ, without /hostedzone/")
	}
	switch {
	case !isDomain(zone.name) && !labelPattern.MatchString(zone.name):
		o.fault("hostedZone.name", zone.name, "use the zone's DNS name, such as example.com")
	case s.domain != zone.name && !strings.HasSuffix(s.domain, "."+zone.name):
		o.fault("hostedZone.name", zone.name, "it doesn't hold the domain %s: use the zone of one of its parents", s.domain)
	}
}

// checkPaths checks that the object paths are under the contract's root and that
// no object lies under two of them.
func checkPaths(o *object, s settings) {
	if n := len(s.objectPaths); n > mostPaths {
		o.fault("objectPaths", n, "use at most %d paths: each takes a listener rule", mostPaths)
	}
	for i, path := range s.objectPaths {
		name := fmt.Sprintf("objectPaths[%d]", i)
		dotted := strings.Contains(path, "/./") || strings.Contains(path, "/../")
		if !pathPattern.MatchString(path) || dotted || len(path) > longestPath {
			o.fault(name, path, "use %s or a folder under it, ending in a slash, of letters, digits, dots, hyphens and underscores, at most %d characters", contract.ObjectsRoot, longestPath)
		}
		for _, other := range s.objectPaths[:i] {
			if strings.HasPrefix(path, other) || strings.HasPrefix(other, path) {
				o.fault(name, path, "it overlaps with %s: keep the wider one", other)
			}
		}
	}
}

// checkNetwork checks address ranges.
func checkNetwork(o *object, s settings) {
	if bits := s.vpcCIDR.Bits(); s.vpcCIDR.IsValid() && (bits < widestVPC || bits > narrowestVPC) {
		o.fault("vpcCidr", s.vpcCIDR.String(), "use a range of /%d to /%d: a load balancer wants subnets of at least /%d", widestVPC, narrowestVPC, narrowestVPC+subnetBits)
	}
	if n := len(s.clientCIDRs); n > mostClients {
		o.fault("clientCidrs", n, "use at most %d ranges: each takes two rules of one security group", mostClients)
	}
	for i, a := range s.clientCIDRs {
		for _, b := range s.clientCIDRs[:i] {
			if a.Overlaps(b) {
				o.fault("clientCidrs", a.String(), "it overlaps with %s: keep one of them", b)
			}
		}
	}
}

func isDomain(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !labelPattern.MatchString(label) {
			return false
		}
	}
	return len(labels) >= 2 && len(name) <= longestDomain
}

// isBucketName follows
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
func isBucketName(name string) bool {
	reserved := slices.ContainsFunc(reservedBucketPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) ||
		slices.ContainsFunc(reservedBucketSuffixes, func(p string) bool { return strings.HasSuffix(name, p) })
	_, err := netip.ParseAddr(name)
	isAddress := err == nil
	return bucketPattern.MatchString(name) && !strings.Contains(name, "..") && !reserved && !isAddress
}

// settingError is one mistake in the settings.
type settingError struct {
	// name is the setting's path, such as onedoor.prod.ttl.max.
	name string
	// value is what was found, as JSON; empty when nothing was.
	value string
	// fix says what to do.
	fix string
}

func (e *settingError) Error() string {
	if e.value == "" {
		return fmt.Sprintf("%s is missing: %s", e.name, e.fix)
	}
	return fmt.Sprintf("%s is %s: %s", e.name, e.value, e.fix)
}

// faults collects the mistakes of all settings.
type faults []error

func (f *faults) join() error { return errors.Join(*f...) }

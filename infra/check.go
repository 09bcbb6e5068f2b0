package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"onedoor/lambdas/contract"
)

// Limits of the settings, ours where AWS has none.
const (
	secondsPerDay = 24 * 60 * 60
	longestTTL    = secondsPerDay / 2
	longestLink   = 366 * secondsPerDay
	longestRecord = 3660
	widestVPC     = 16
	narrowestVPC  = 25
	fewestZones   = 2
	mostZones     = 4
	mostClients   = 25
	mostPaths     = 10
	longestPath   = 120
	mostRate      = 10_000
	mostBurst     = 5_000
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
	case s.domain != "" && s.domain != zone.name && !strings.HasSuffix(s.domain, "."+zone.name):
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

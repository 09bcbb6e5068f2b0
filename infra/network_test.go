package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestS3EndpointPassesOnlyReadsOfServedObjects(t *testing.T) {
	const account = "${AWS::AccountId}"
	ours := map[string]string{"aws:ResourceAccount": account, "aws:PrincipalAccount": account}
	tests := []struct {
		name, stage, action, object string
		keys                        map[string]string
		want                        decision
	}{
		{"read", domainStage, "s3:GetObject", "onedoor.localhost/objects/a/b", ours, allowed},
		{"read a version", domainStage, "s3:GetObjectVersion", "onedoor.localhost/objects/a", ours, allowed},
		{"read in the bucket of another name", bucketStage, "s3:GetObject", "onedoor-local-objects/objects/a", ours, allowed},
		{"read under a narrower path", fullStage, "s3:GetObject", "example-files/objects/reports/a", ours, allowed},
		{"read outside the narrower paths", fullStage, "s3:GetObject", "example-files/objects/secret/a", ours, silent},
		{"write", domainStage, "s3:PutObject", "onedoor.localhost/objects/a", ours, silent},
		{"delete", domainStage, "s3:DeleteObject", "onedoor.localhost/objects/a", ours, silent},
		{"list", domainStage, "s3:ListBucket", "onedoor.localhost", ours, silent},
		{"outside objects/", domainStage, "s3:GetObject", "onedoor.localhost/private/a", ours, silent},
		{"another bucket", domainStage, "s3:GetObject", "elsewhere/objects/a", ours, silent},
		{"another account's bucket of our name", domainStage, "s3:GetObject", "onedoor.localhost/objects/a",
			plus(ours, "aws:ResourceAccount", "999999999999"), silent},
		{"signed by another account", domainStage, "s3:GetObject", "onedoor.localhost/objects/a",
			plus(ours, "aws:PrincipalAccount", "999999999999"), silent},
		{"anonymous", domainStage, "s3:GetObject", "onedoor.localhost/objects/a",
			map[string]string{"aws:ResourceAccount": account}, silent},
	}
	for _, test := range tests {
		made := synthesized(t, test.stage)
		_, endpoint := made.network.find(t, "AWS::EC2::VPCEndpoint", "S3Endpoint")
		request := access{action: test.action, resource: "arn:${AWS::Partition}:s3:::" + test.object, principal: "anybody", keys: test.keys}
		if got := made.decide(t, endpoint.get(t, "PolicyDocument"), request); got != test.want {
			t.Errorf("%s: %s; want %s", test.name, got, test.want)
		}
	}
}

func TestAPIEndpointPassesOnlyOurRoutes(t *testing.T) {
	made := synthesized(t, domainStage)
	_, endpoint := made.network.find(t, "AWS::EC2::VPCEndpoint", "ApiEndpoint")
	const ours = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
	const domain = ours + "/domainnames/onedoor.localhost+abc123"
	const other = ours + "/domainnames/elsewhere.example+abc123"
	tests := []struct {
		name, resource, via string
		want                decision
	}{
		{"our domain", domain, "", allowed},
		{"our route", ours + "abc123/local/GET/presign/objects/a", domain, allowed},
		{"our route, HEAD", ours + "abc123/local/HEAD/presign/objects/a", domain, allowed},
		{"another domain", other, "", silent},
		{"our route through another domain", ours + "abc123/local/GET/presign/objects/a", other, silent},
		{"our route without a domain", ours + "abc123/local/GET/presign/objects/a", "", silent},
		{"another method", ours + "abc123/local/POST/presign/objects/a", domain, silent},
		{"another path", ours + "abc123/local/GET/admin", domain, silent},
		{"creation of a link", ours + "abc123/local/POST/presign/links", domain, allowed},
		{"revocation of a link", ours + "abc123/local/DELETE/presign/links/abc", domain, allowed},
		{"another stage", ours + "abc123/other-stage/GET/presign/objects", domain, silent},
		{"another account", "arn:${AWS::Partition}:execute-api:${AWS::Region}:999999999999:abc123/local/GET/presign/objects/a", domain, silent},
	}
	for _, test := range tests {
		keys := map[string]string{}
		if test.via != "" {
			keys["execute-api:viaDomainArn"] = test.via
		}
		request := access{action: "execute-api:Invoke", resource: test.resource, principal: "anybody", keys: keys}
		if got := made.decide(t, endpoint.get(t, "PolicyDocument"), request); got != test.want {
			t.Errorf("%s: %s; want %s", test.name, got, test.want)
		}
	}
}

func TestEndpointsHaveNoPrivateNames(t *testing.T) {
	made := synthesized(t, domainStage)
	endpoints := made.network.ofType("AWS::EC2::VPCEndpoint")
	if len(endpoints) != 2 {
		t.Fatalf("%d endpoints; want execute-api and S3", len(endpoints))
	}
	for id, endpoint := range endpoints {
		if endpoint.get(t, "PrivateDnsEnabled") != false || endpoint.get(t, "VpcEndpointType") != "Interface" {
			t.Errorf("%s is %v with private DNS %v; want an interface endpoint without", id, endpoint.get(t, "VpcEndpointType"), endpoint.get(t, "PrivateDnsEnabled"))
		}
	}
}

func TestNetworkHasNoWayOut(t *testing.T) {
	network := synthesized(t, domainStage).network
	for _, kind := range []string{"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route", "AWS::EC2::EgressOnlyInternetGateway"} {
		if found := network.ofType(kind); len(found) != 0 {
			t.Errorf("there are %d of %s; want none", len(found), kind)
		}
	}
	for id, subnet := range network.ofType("AWS::EC2::Subnet") {
		if subnet.get(t, "MapPublicIpOnLaunch") != false {
			t.Errorf("%s gives out public addresses", id)
		}
	}
}

func TestInternetGatewayIsAttachedForTheAccelerator(t *testing.T) {
	made := synthesized(t, domainStage)
	gateway, _ := made.network.find(t, "AWS::EC2::InternetGateway", "")
	vpc, _ := made.network.find(t, "AWS::EC2::VPC", "")
	_, attachment := made.network.find(t, "AWS::EC2::VPCGatewayAttachment", "")
	got := made.render(attachment.get(t, "InternetGatewayId")) + made.render(attachment.get(t, "VpcId"))
	if want := "${" + gateway + "}${" + vpc + "}"; got != want {
		t.Errorf("attached are %s; want %s", got, want)
	}
}

// flow is one permission of a security group: who, or whom, on which port.
type flow struct {
	group, peer string
	port        float64
}

func TestOnlyClientsReachTheDoorAndOnlyTheDoorReachesTheEndpoints(t *testing.T) {
	made := synthesized(t, fullStage)
	id := func(prefix string) string {
		id, _ := made.network.find(t, "AWS::EC2::SecurityGroup", prefix)
		return "${" + id + ".GroupId}"
	}
	door, api, s3 := id("DoorSecurityGroup"), id("ApiEndpointSecurityGroup"), id("S3EndpointSecurityGroup")

	var in, out []flow
	for id, group := range made.network.ofType("AWS::EC2::SecurityGroup") {
		inline, _ := group.get(t, "SecurityGroupIngress").([]any)
		for _, item := range inline {
			rule := item.(map[string]any)
			in = append(in, flow{"${" + id + ".GroupId}", rule["CidrIp"].(string), rule["FromPort"].(float64)})
		}
		// CDK writes a rule that nothing can use, or AWS would allow everything.
		inline, _ = group.get(t, "SecurityGroupEgress").([]any)
		for _, item := range inline {
			if rule := item.(map[string]any); rule["CidrIp"] != "255.255.255.255/32" {
				out = append(out, flow{"${" + id + ".GroupId}", fmt.Sprint(rule["CidrIp"]), rule["FromPort"].(float64)})
			}
		}
	}
	for _, rule := range made.network.ofType("AWS::EC2::SecurityGroupIngress") {
		in = append(in, flow{made.render(rule.get(t, "GroupId")), made.render(rule.get(t, "SourceSecurityGroupId")), rule.get(t, "FromPort").(float64)})
	}
	for _, rule := range made.network.ofType("AWS::EC2::SecurityGroupEgress") {
		out = append(out, flow{made.render(rule.get(t, "GroupId")), made.render(rule.get(t, "DestinationSecurityGroupId")), rule.get(t, "FromPort").(float64)})
	}

	wantIn := []flow{
		{door, "203.0.113.0/24", 443}, {door, "203.0.113.0/24", 80},
		{door, "198.51.100.7/32", 443}, {door, "198.51.100.7/32", 80},
		{api, door, 443}, {s3, door, 443}, {s3, door, 80},
	}
	wantOut := []flow{{door, api, 443}, {door, s3, 443}, {door, s3, 80}}
	for _, list := range [][]flow{in, out, wantIn, wantOut} {
		slices.SortFunc(list, func(a, b flow) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	if diff := cmp.Diff(wantIn, in, cmp.AllowUnexported(flow{})); diff != "" {
		t.Errorf("inbound (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantOut, out, cmp.AllowUnexported(flow{})); diff != "" {
		t.Errorf("outbound (-want +got):\n%s", diff)
	}
}

func TestDefaultSecurityGroupIsEmptied(t *testing.T) {
	made := synthesized(t, domainStage)
	vpc, _ := made.network.find(t, "AWS::EC2::VPC", "")
	_, restriction := made.network.find(t, "Custom::VpcRestrictDefaultSG", "")
	if got, want := made.render(restriction.get(t, "DefaultSecurityGroupId")), "${"+vpc+".DefaultSecurityGroup}"; got != want {
		t.Errorf("emptied is %s; want %s", got, want)
	}
}

func TestAllFlowsInTheNetworkAreLogged(t *testing.T) {
	made := synthesized(t, domainStage)
	vpc, _ := made.network.find(t, "AWS::EC2::VPC", "")
	_, log := made.network.find(t, "AWS::EC2::FlowLog", "")
	if got := made.render(log.get(t, "ResourceId")); got != "${"+vpc+"}" || log.get(t, "TrafficType") != "ALL" {
		t.Errorf("logged is %v of %s; want ALL of %s", log.get(t, "TrafficType"), got, vpc)
	}
}

func TestZonesAreSpreadAndAnotherZoneMovesNone(t *testing.T) {
	subnets := func(stage string) map[string]string {
		made := synthesized(t, stage)
		found := map[string]string{}
		for _, subnet := range made.network.ofType("AWS::EC2::Subnet") {
			found[made.render(subnet.get(t, "AvailabilityZone"))] = subnet.get(t, "CidrBlock").(string)
		}
		return found
	}
	const zone = "${%d of ${Fn::GetAZs }}"
	want := map[string]string{fmt.Sprintf(zone, 0): "10.0.0.0/26", fmt.Sprintf(zone, 1): "10.0.0.64/26"}
	if diff := cmp.Diff(want, subnets(domainStage)); diff != "" {
		t.Errorf("two zones (-want +got):\n%s", diff)
	}
	want = map[string]string{fmt.Sprintf(zone, 0): "10.20.0.0/24", fmt.Sprintf(zone, 1): "10.20.1.0/24", fmt.Sprintf(zone, 2): "10.20.2.0/24"}
	if diff := cmp.Diff(want, subnets(fullStage)); diff != "" {
		t.Errorf("three zones of a wider network (-want +got):\n%s", diff)
	}
}

package door

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConditions(t *testing.T) {
	query := func(values string) string {
		return `{"Field": "query-string", "QueryStringConfig": {"Values": [` + values + `]}}`
	}
	header := func(r *http.Request, name, value string) *http.Request {
		r.Header.Add(name, value)
		return r
	}
	host := func(name string) *http.Request {
		r := incoming("GET", "/", "")
		r.Host = name
		return r
	}
	get := func(target string) *http.Request { return incoming("GET", target, "") }
	for _, test := range []struct {
		name      string
		condition string
		r         *http.Request
		want      bool
	}{
		{"host", hosts(`"files.example.com"`), host("files.example.com"), true},
		{"host in capitals", hosts(`"files.example.com"`), host("FILES.Example.com"), true},
		{"host with a port", hosts(`"files.example.com"`), host("files.example.com:8080"), true},
		{"other host", hosts(`"files.example.com"`), host("files.example.com.evil.example"), false},
		{"host with a dot at the end", hosts(`"files.example.com"`), host("files.example.com."), false},
		{"no host", hosts(`"files.example.com"`), host(""), false},
		{"host with a wildcard", hosts(`"*.example.com"`), host("a.b.example.com"), true},
		{"one of several", hosts(`"a.example.com", "b.example.com"`), host("b.example.com"), true},

		{"path", paths(`"/objects/*"`), get("/objects/a%2Fb"), true},
		{"path is case-sensitive", paths(`"/objects/*"`), get("/OBJECTS/a"), false},
		{"path without the query", paths(`"/objects"`), get("/objects?x=/y"), true},
		{"path that leaves", paths(`"/objects/*"`), get("/objects/../secret"), false},
		{"path that leaves, encoded", paths(`"/objects/*"`), get("/objects/%2e%2e/secret"), false},
		{"path that comes back", paths(`"/objects/*"`), get("/x/../objects/a"), true},
		{"path of an absolute target", paths(`"/objects/*"`), get("https://other.example/objects/a"), true},
		{"colon and slashes inside a path", paths(`"/objects/*"`), get("/objects/x://y"), true},

		{"method", `{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}`, incoming("HEAD", "/", ""), true},
		{"method is case-sensitive", `{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}`, incoming("get", "/", ""), false},

		{"query", query(`{"Key": "X-Amz-Signature", "Value": "*"}`), get("/?a=1&X-Amz-Signature=abc"), true},
		{"query in lower case", query(`{"Key": "X-Amz-Signature", "Value": "*"}`), get("/?x-amz-signature=abc"), true},
		{"query with an empty value", query(`{"Key": "X-Amz-Signature", "Value": "*"}`), get("/?X-Amz-Signature"), true},
		{"query without it", query(`{"Key": "X-Amz-Signature", "Value": "*"}`), get("/?X-Amz-Signatur=a&b=X-Amz-Signature"), false},
		{"no query", query(`{"Key": "X-Amz-Signature", "Value": "*"}`), get("/"), false},
		{"query by value alone", query(`{"Value": "b?"}`), get("/?x=B1"), true},
		{"query undecoded", query(`{"Key": "a", "Value": "b c"}`), get("/?a=b%20c"), false},
		{"query key and value of two parameters", query(`{"Key": "a", "Value": "1"}`), get("/?a=2&b=1"), false},

		{"header", `{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-test", "Values": ["a*"]}}`, header(get("/"), "X-Test", "Abc"), true},
		{"second header of a name", `{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["b"]}}`, header(header(get("/"), "X-Test", "a"), "X-Test", "b"), true},
		{"header that isn't there", `{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["*"]}}`, get("/"), false},

		{"source", `{"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24"]}}`, get("/"), true},
		{"other source, whatever it claims", `{"Field": "source-ip", "SourceIpConfig": {"Values": ["198.51.100.0/24"]}}`, header(get("/"), "X-Forwarded-For", "198.51.100.1"), false},
	} {
		w := mustLoad(t, fixed(1, "met", test.condition))
		if got := text(t, w.do(test.r)) == "met"; got != test.want {
			t.Errorf("%s: met %t; want %t", test.name, got, test.want)
		}
	}
}

func TestRulesAreTriedByPriority(t *testing.T) {
	w := mustLoad(t,
		fixed(30, "third", paths(`"/a*"`)),
		fixed(4, "first", paths(`"/ab*"`)),
		fixed(20, "second", paths(`"/a*"`), hosts(`"files.example.com"`)),
	)
	for target, want := range map[string]string{"/abc": "first", "/a": "second", "/named": "named", "/x": `{"status":404}`} {
		if got := text(t, w.do(incoming("GET", target, ""))); got != want {
			t.Errorf("GET %s = %s; want %s", target, got, want)
		}
	}
	r := incoming("GET", "/a", "")
	r.Host = ""
	if got := text(t, w.do(r)); got != "third" {
		t.Errorf("without Host: %s; want third", got)
	}
}

func TestFixedResponse(t *testing.T) {
	response := mustLoad(t).do(incoming("GET", "/nowhere", ""))
	if body := text(t, response); response.StatusCode != 404 || body != `{"status":404}` {
		t.Errorf("answer = %d %s; want the default action's", response.StatusCode, body)
	}
	want := http.Header{"Content-Type": {"application/json"}, "Content-Length": {"14"}, "Server": {"awselb/2.0"}}
	if diff := cmp.Diff(want, response.Header); diff != "" {
		t.Errorf("headers mismatch (-want +got):\n%s", diff)
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	w := mustLoad(t)
	for target, want := range map[string]string{
		"/":                 "https://files.example.com:443/",
		"/a%2Fb//c?x=%20&y": "https://files.example.com:443/a%2Fb//c?x=%20&y",
		"http://other/a?b":  "https://files.example.com:443/a?b",
	} {
		r := incoming("GET", target, "")
		r.Host = "files.example.com:8080"
		response := w.doOn(httpPort, r)
		if got := response.Header.Get("Location"); response.StatusCode != 301 || got != want {
			t.Errorf("GET %s = %d to %s; want 301 to %s", target, response.StatusCode, got, want)
		}
	}
	r := incoming("GET", "/", "")
	r.Host = ""
	if got := w.doOn(httpPort, r).StatusCode; got != 400 {
		t.Errorf("without Host: %d; want 400", got)
	}
}

func TestRedirectsAreMadeOfTheRequestsParts(t *testing.T) {
	w := mustLoad(t, `"Priority": 1, "Conditions": [`+paths(`"/old/*"`)+`], "Actions": [{"Type": "redirect", "RedirectConfig": {
		"Host": "new.#{host}", "Path": "/#{port}/#{path}", "Query": "#{query}&from=#{host}", "StatusCode": "HTTP_302"}}]`)
	response := w.do(incoming("GET", "/old/a?b=c", ""))
	if got, want := response.Header.Get("Location"), "https://new.files.example.com:443/443/old/a?b=c&from=files.example.com"; response.StatusCode != 302 || got != want {
		t.Errorf("answer = %d to %s; want 302 to %s", response.StatusCode, got, want)
	}
}

func TestTransforms(t *testing.T) {
	rule := func(transforms string) string {
		return forward(1, "S3Targets", hosts(`"*"`)) + `, "Transforms": [` + transforms + `]`
	}
	host := func(regex, replace string) string {
		return `{"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "` + regex + `", "Replace": "` + replace + `"}]}}`
	}
	url := func(regex, replace string) string {
		return `{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "` + regex + `", "Replace": "` + replace + `"}]}}`
	}
	for _, test := range []struct{ name, transforms, wantHost, wantTarget string }{
		{"none", "", "files.example.com", "/a%2Fb?c=d"},
		{"whole host", host("^.*$", "bucket.s3.eu-central-1.amazonaws.com"), "bucket.s3.eu-central-1.amazonaws.com", "/a%2Fb?c=d"},
		{"group of the host", host(`^([^.]+)\\..*$`, "$1.internal"), "files.internal", "/a%2Fb?c=d"},
		{"no match leaves the host", host("^x$", "y"), "files.example.com", "/a%2Fb?c=d"},
		{"digit after a group", host(`^(files)\\..*$`, "$10"), "files0", "/a%2Fb?c=d"},
		{"URL", url("^/a(.*)$", "/z$1"), "files.example.com", "/z%2Fb?c=d"},
		{"query of the URL", url(`\\?.*$`, ""), "files.example.com", "/a%2Fb"},
		{"both", host("^files", "f") + "," + url("^/a", "/z"), "f.example.com", "/z%2Fb?c=d"},
	} {
		w := mustLoad(t, rule(test.transforms))
		w.do(incoming("GET", "/a%2Fb?c=d", ""))
		if got := w.s3.last; got.Host != test.wantHost || got.RequestURI != test.wantTarget {
			t.Errorf("%s: target got %s of %s; want %s of %s", test.name, got.RequestURI, got.Host, test.wantTarget, test.wantHost)
		}
	}
}

func TestHostsOfAService(t *testing.T) {
	w := mustLoad(t,
		forward(1, "S3Targets", hosts(`"files.example.com"`)),
		forward(2, "S3Targets", hosts(`"files.example.com"`))+`, "Transforms": [{"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "^.*$", "Replace": "b.s3.amazonaws.com"}]}}]`,
		forward(3, "EdgeTargets", hosts(`"edge.example.com"`)),
	)
	if diff := cmp.Diff([]string{"files.example.com", "b.s3.amazonaws.com"}, w.door.HostsOf(w.s3)); diff != "" {
		t.Errorf("HostsOf mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"files.example.com", "edge.example.com"}, w.door.Hosts()); diff != "" {
		t.Errorf("Hosts mismatch (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotUnderstoodStopsTheStart(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(app(), old, new, 1) }
	for _, test := range []struct{ name, template, want string }{
		{"attribute of the load balancer", replace("idle_timeout.timeout_seconds", "waf.fail_open.enabled"), "resource Door (AWS::ElasticLoadBalancingV2::LoadBalancer): property LoadBalancerAttributes: waf.fail_open.enabled: not understood"},
		{"desync mitigation", replace(`{"Key": "idle_timeout.timeout_seconds", "Value": "120"}`, `{"Key": "routing.http.desync_mitigation_mode", "Value": "monitor"}`), "routing.http.desync_mitigation_mode: only defensive is understood"},
		{"attribute's value", replace(`"120"`, `"long"`), "property LoadBalancerAttributes: idle_timeout.timeout_seconds"},
		{"property of a listener", replace(`"Port": 80`, `"AlpnPolicy": [], "Port": 80`), "resource Http (AWS::ElasticLoadBalancingV2::Listener): property AlpnPolicy: not understood"},
		{"port", replace(`"Port": 80`, `"Port": 8080`), "only HTTPS on 443 and HTTP on 80"},
		{"no HTTPS", replace(`"Port": 443, "Protocol": "HTTPS"`, `"Port": 80, "Protocol": "HTTP"`), "no listener on port 443"},
		{"no host", replace(`"files.example.com"`, `"*"`), "no listener rule names a host"},
		{"two load balancers", replace(`"Door":`, `"Other": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"}, "Door":`), "want one load balancer in the app, found 2"},
		{"condition", app(fixed(1, "", `{"Field": "jwt"}`)), `resource Rule0 (AWS::ElasticLoadBalancingV2::ListenerRule): property Conditions: field "jwt" is not understood`},
		{"regular expression in a condition", app(fixed(1, "", `{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["x"]}}`)), "property Conditions.0.PathPatternConfig.RegexValues: not understood"},
		{"condition without values", app(fixed(1, "", `{"Field": "path-pattern"}`)), "a condition without values"},
		{"escape", app(fixed(1, "", paths(`"/a\\*"`))), "the escape in"},
		{"source", app(fixed(1, "", `{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.1"]}}`)), "source-ip"},
		{"action", app(`"Priority": 1, "Conditions": [], "Actions": [{"Type": "authenticate-oidc"}]`), `property Actions: type "authenticate-oidc" is not understood`},
		{"two actions", app(`"Priority": 1, "Conditions": [], "Actions": [{"Type": "redirect"}, {"Type": "redirect"}]`), "want one action, got 2"},
		{"weights", app(`"Priority": 1, "Conditions": [], "Actions": [{"Type": "forward", "ForwardConfig": {}}]`), "property Actions.0.ForwardConfig: not understood"},
		{"unknown target group", app(`"Priority": 1, "Conditions": [], "Actions": [{"Type": "forward", "TargetGroupArn": "arn:x"}]`), `no target group "arn:x"`},
		{"status of a redirect", app(`"Priority": 1, "Conditions": [], "Actions": [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_308"}}]`), `status code "HTTP_308"`},
		{"transform", app(fixed(1, "", paths(`"/"`)) + `, "Transforms": [{"Type": "header-rewrite"}]`), `property Transforms: type "header-rewrite" is not understood`},
		{"two transforms of a type", app(fixed(1, "", paths(`"/"`)) + `, "Transforms": [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": []}}]`), "url-rewrite: want one rewrite"},
		{"expression of a transform", app(fixed(1, "", paths(`"/"`)) + `, "Transforms": [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "(?=x)"}]}}]`), "url-rewrite: error parsing regexp"},
		{"target", replace("com.amazonaws.eu-central-1.s3", "com.amazonaws.eu-central-1.sqs"), "resource S3Targets (AWS::ElasticLoadBalancingV2::TargetGroup): property Targets: sqs is no service that runs on this machine"},
		{"function", replace(`"FunctionName": "edge"`, `"FunctionName": "other"`), "property Targets: no function"},
		{"target type", replace(`"TargetType": "ip"`, `"TargetType": "instance"`), `property TargetType: "instance" is not understood`},
		{"attribute of a target group", replace("lambda.multi_value_headers.enabled", "slow_start.duration_seconds"), "property TargetGroupAttributes: slow_start.duration_seconds is not understood"},
		{"no targets", replace(`"Targets": [{"Id": {"Fn::GetAtt": ["Edge", "Arn"]}}]`, `"Targets": []`), "want one function or the addresses of one endpoint"},
	} {
		if _, err := load(t, test.template); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want an error that says %q", test.name, err, test.want)
		}
	}
}

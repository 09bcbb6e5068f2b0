package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventIsTheOneOfARESTAPI(t *testing.T) {
	g := mustLoad(t, app(defaultPaths, ""), echo)
	r := request("POST", "/presign/objects/a%20b%2Fc/%ED%95%9C.txt?expires=60&download=a%20b%2Bc&expires=120&flag", `{"key":"a"}`)
	r.Header = http.Header{
		"Content-Type":      {"application/json; charset=utf-8"},
		"User-Agent":        {"curl/8.5.0"},
		"X-Amzn-Trace-Id":   {"Root=1-67891233-abcdef012345678912345678"},
		"X-Forwarded-For":   {"1.2.3.4, 203.0.113.9"},
		"X-Forwarded-Port":  {"443"},
		"X-Forwarded-Proto": {"https"},
		"X-Twice":           {"first", "second"},
	}
	var got, want map[string]any
	if err := json.Unmarshal([]byte(text(t, do(g, r))), &got); err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(recorded, &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"requestId", "extendedRequestId"} {
		context := got["requestContext"].(map[string]any)
		if context[name] == "" {
			t.Errorf("requestContext.%s is empty", name)
		}
		context[name] = "(any)"
	}
	want["requestContext"].(map[string]any)["domainName"] = "Files.example.com"
	want["requestContext"].(map[string]any)["domainPrefix"] = "Files"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event mismatch (-want +got):\n%s", diff)
	}
}

func TestAbsentPartsOfAnEventAreNull(t *testing.T) {
	g := mustLoad(t, app(`{"/": {"get": `+integrated+`}}`, ""), echo)
	body := text(t, do(g, request("GET", "/", "")))
	for _, field := range []string{`"queryStringParameters":null`, `"multiValueQueryStringParameters":null`, `"pathParameters":null`, `"body":null`, `"userAgent":null`} {
		if !strings.Contains(body, field) {
			t.Errorf("event %s\nlacks %s", body, field)
		}
	}
}

func TestOnlyTheCustomDomainReachesTheAPI(t *testing.T) {
	g := mustLoad(t, app(defaultPaths, ""), echo)
	for host, want := range map[string]int{
		"files.example.com": 200, "FILES.example.com": 200, "files.example.com:443": 200,
		"other.example.com": 403, "app-Api.execute-api.eu-central-1.amazonaws.com": 403, "": 403, "files.example.com.": 403,
	} {
		r := request("GET", "/presign/objects/a", "")
		r.Host = host
		response := do(g, r)
		if response.StatusCode != want {
			t.Errorf("Host %q: status %d; want %d", host, response.StatusCode, want)
		}
		if want == 403 && (text(t, response) != `{"message":"Forbidden"}` || response.Header.Get("x-amzn-ErrorType") != "ForbiddenException") {
			t.Errorf("Host %q: not the answer of API Gateway: %v", host, response.Header)
		}
	}
}

func TestRouting(t *testing.T) {
	paths := `{
		"/presign/{key+}":      {"get": ` + integrated + `},
		"/presign/links":       {"post": ` + integrated + `},
		"/presign/links/{id}":  {"get": ` + integrated + `, "parameters": []},
		"/any":                 {"x-amazon-apigateway-any-method": ` + integrated + `}
	}`
	g := mustLoad(t, app(paths, ""), echo)
	for _, test := range []struct {
		method, target, wantResource string
		wantParameters               map[string]any
	}{
		{"GET", "/presign/objects/a", "/presign/{key+}", map[string]any{"key": "objects/a"}},
		{"GET", "/presign/objects//a%2F", "/presign/{key+}", map[string]any{"key": "objects//a%2F"}},
		{"GET", "/presign/objects/a/", "/presign/{key+}", map[string]any{"key": "objects/a"}},
		{"POST", "/presign/links", "/presign/links", nil},
		{"POST", "/presign/links/", "/presign/links", nil},
		{"GET", "/presign/links/x", "/presign/links/{id}", map[string]any{"id": "x"}},
		{"GET", "/presign/links/x/y", "/presign/{key+}", map[string]any{"key": "links/x/y"}},
		{"DELETE", "/any", "/any", nil},
		{"GET", "/presign/links", "", nil},
		{"DELETE", "/presign/objects/a", "", nil},
		{"GET", "/presign", "", nil},
		{"GET", "/presign/", "", nil},
		{"GET", "/Presign/a", "", nil},
		{"GET", "/", "", nil},
		{"GET", "*", "", nil},
	} {
		response := do(g, request(test.method, test.target, ""))
		if test.wantResource == "" {
			if response.StatusCode != 403 || text(t, response) != `{"message":"Missing Authentication Token"}` {
				t.Errorf("%s %s: status %d; want 403 Missing Authentication Token", test.method, test.target, response.StatusCode)
			}
			continue
		}
		var event struct {
			Resource, Path string
			PathParameters map[string]any
		}
		if err := json.Unmarshal([]byte(text(t, response)), &event); err != nil {
			t.Fatal(err)
		}
		if event.Resource != test.wantResource || event.Path != test.target {
			t.Errorf("%s %s went to %s as %s; want %s as it came", test.method, test.target, event.Resource, event.Path, test.wantResource)
		}
		if diff := cmp.Diff(test.wantParameters, event.PathParameters); diff != "" {
			t.Errorf("%s %s: path parameters mismatch (-want +got):\n%s", test.method, test.target, diff)
		}
	}
}

func TestBasePathsArePartOfThePathOnly(t *testing.T) {
	template := strings.Replace(app(defaultPaths, ""), `"RestApiId": {"Ref": "Api"}, "Stage": "live"`,
		`"BasePath": "v1", "RestApiId": {"Ref": "Api"}, "Stage": "live"`, 1)
	g := mustLoad(t, template, echo)
	body := text(t, do(g, request("GET", "/v1/presign/objects/a", "")))
	if !strings.Contains(body, `"path":"/v1/presign/objects/a"`) || !strings.Contains(body, `"resource":"/presign/{key+}"`) {
		t.Errorf("event = %s; want the path with its base path, the resource without", body)
	}
	for _, target := range []string{"/presign/objects/a", "/v12/presign/objects/a"} {
		if status := do(g, request("GET", target, "")).StatusCode; status != 403 {
			t.Errorf("GET %s = %d; want 403", target, status)
		}
	}
}

func TestAnswersOfFunctions(t *testing.T) {
	for _, test := range []struct {
		name, payload string
		wantStatus    int
		wantBody      string
		wantHeader    http.Header
	}{
		{"redirect", `{"statusCode": 301, "headers": {"location": "https://x/%2F?a=b&c", "cache-control": "no-store"}}`, 301, "",
			http.Header{"Location": {"https://x/%2F?a=b&c"}, "Cache-Control": {"no-store"}, "Content-Type": {"application/json"}}},
		{"several values", `{"statusCode": 200, "headers": {"Set-Cookie": "a"}, "multiValueHeaders": {"set-cookie": ["b", "c"]}, "body": "x"}`, 200, "x",
			http.Header{"Set-Cookie": {"b", "c"}}},
		{"numbers as headers", `{"statusCode": 503, "headers": {"Retry-After": 5, "X-On": true, "X-Off": null}}`, 503, "",
			http.Header{"Retry-After": {"5"}, "X-On": {"true"}, "X-Off": nil}},
		{"null fields", `{"statusCode": 204, "headers": null, "multiValueHeaders": null, "body": null, "isBase64Encoded": false}`, 204, "", nil},
		{"no status", `{"body": "ok"}`, 200, "ok", nil},
		{"base64 without binary media types", `{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}`, 200, "aGk=", nil},
		{"renamed", `{"statusCode": 401, "headers": {"WWW-Authenticate": "Bearer", "Server": "me"}}`, 401, "",
			http.Header{"X-Amzn-Remapped-Www-Authenticate": {"Bearer"}, "Www-Authenticate": nil, "X-Amzn-Remapped-Server": {"me"}}},
		{"no JSON", `hello`, 502, `{"message": "Internal server error"}`, http.Header{"X-Amzn-Errortype": {"InternalServerErrorException"}}},
		{"a list", `[]`, 502, `{"message": "Internal server error"}`, nil},
		{"unknown field", `{"statusCode": 200, "cookies": ["a"]}`, 502, `{"message": "Internal server error"}`, nil},
		{"body is no text", `{"statusCode": 200, "body": {"a": 1}}`, 502, `{"message": "Internal server error"}`, nil},
		{"status is no status", `{"statusCode": 42}`, 502, `{"message": "Internal server error"}`, nil},
		{"header is no text", `{"statusCode": 200, "headers": {"a": ["b"]}}`, 502, `{"message": "Internal server error"}`, nil},
		{"multiValueHeaders is no list", `{"statusCode": 200, "multiValueHeaders": {"a": "b"}}`, 502, `{"message": "Internal server error"}`, nil},
	} {
		g := mustLoad(t, app(defaultPaths, ""), func(context.Context, []byte) ([]byte, error) { return []byte(test.payload), nil })
		response := do(g, request("GET", "/presign/objects/a", ""))
		if body := text(t, response); response.StatusCode != test.wantStatus || strings.ReplaceAll(body, ":\"", ": \"") != test.wantBody {
			t.Errorf("%s: %d %q; want %d %q", test.name, response.StatusCode, body, test.wantStatus, test.wantBody)
		}
		for name, want := range test.wantHeader {
			if diff := cmp.Diff(want, response.Header[name]); diff != "" {
				t.Errorf("%s: header %s mismatch (-want +got):\n%s", test.name, name, diff)
			}
		}
		if response.Header.Get("x-amzn-RequestId") == "" || response.Header.Get("x-amz-apigw-id") == "" {
			t.Errorf("%s: no request ID in %v", test.name, response.Header)
		}
	}
}

func TestFailuresOfFunctions(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"crashed":   {errors.New("Runtime.ExitError"), 502},
		"timed out": {context.DeadlineExceeded, 504},
	} {
		g := mustLoad(t, app(defaultPaths, ""), func(context.Context, []byte) ([]byte, error) { return nil, test.err })
		if got := do(g, request("GET", "/presign/objects/a", "")).StatusCode; got != test.want {
			t.Errorf("%s: status %d; want %d", name, got, test.want)
		}
	}
}

func TestBinaryMediaTypesAreBase64BothWays(t *testing.T) {
	g := mustLoad(t, app(defaultPaths, `, "x-amazon-apigateway-binary-media-types": ["application/octet-stream"]`),
		func(_ context.Context, event []byte) ([]byte, error) {
			if !strings.Contains(string(event), `"body":"AP8=","isBase64Encoded":true`) {
				return nil, errors.New("body isn't base64")
			}
			return []byte(`{"statusCode": 200, "body": "AP8=", "isBase64Encoded": true}`), nil
		})
	r := request("POST", "/presign/objects/a", "\x00\xff")
	r.Header = http.Header{"Content-Type": {"application/octet-stream"}, "Accept": {"application/octet-stream"}}
	if response := do(g, r); response.StatusCode != 200 || text(t, response) != "\x00\xff" {
		t.Errorf("status %d; want 200 with the bytes", response.StatusCode)
	}
}

func TestLimits(t *testing.T) {
	g := mustLoad(t, app(defaultPaths, ""), echo)
	headers := func(size int) *http.Request {
		r := request("GET", "/presign/objects/a", "")
		r.Header.Set("X-Big", strings.Repeat("x", size))
		return r
	}
	prefix := "/presign/objects/"
	for _, test := range []struct {
		name string
		r    *http.Request
		want int
	}{
		{"headers below 8,000 bytes", headers(7900), 200},
		{"headers above 8,000 bytes", headers(8000), 431},
		{"longest ASCII key", request("GET", prefix+strings.Repeat("a", 1024-len("objects/")), ""), 200},
		{"method ARN above 1,600 bytes", request("GET", prefix+strings.Repeat("a", 1600), ""), 414},
		{"body of 10 MB", request("POST", prefix+"a", strings.Repeat("x", 10<<20)), 200},
		{"body above 10 MB", request("POST", prefix+"a", strings.Repeat("x", 10<<20+1)), 413},
	} {
		if got := do(g, test.r).StatusCode; got != test.want {
			t.Errorf("%s: status %d; want %d", test.name, got, test.want)
		}
	}
}

func TestGatewayResponses(t *testing.T) {
	custom := `, "x-amazon-apigateway-gateway-responses": {
		"MISSING_AUTHENTICATION_TOKEN": {"statusCode": 404,
			"responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'", "gatewayresponse.header.Cache-Control": "'no-store'"},
			"responseTemplates": {"application/json": "{\"title\":\"Not found\",\"requestId\":\"$context.requestId\"}"}},
		"DEFAULT_5XX": {"responseTemplates": {"application/json": "{\"detail\":$context.error.messageString,\"type\":\"$context.error.responseType\"}"}}
	}`
	g := mustLoad(t, app(defaultPaths, custom), func(context.Context, []byte) ([]byte, error) { return nil, errors.New("crashed") })
	missing := do(g, request("PUT", "/presign/objects/a", ""))
	if want := `{"title":"Not found","requestId":"` + missing.Header.Get("x-amzn-RequestId") + `"}`; missing.StatusCode != 404 || text(t, missing) != want {
		t.Errorf("no route: %d; want 404 with the template's body", missing.StatusCode)
	}
	if missing.Header.Get("Content-Type") != "application/problem+json" || missing.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("no route: headers %v; want those of the template", missing.Header)
	}
	crashed := do(g, request("GET", "/presign/objects/a", ""))
	if body := text(t, crashed); crashed.StatusCode != 502 || body != `{"detail":"Internal server error","type":"DEFAULT_5XX"}` {
		t.Errorf("crashed: %d %s; want 502 by DEFAULT_5XX", crashed.StatusCode, body)
	}
	if tooLarge := do(g, request("POST", "/presign/a", strings.Repeat("x", 10<<20+1))); text(t, tooLarge) != `{"message":"Request Too Long"}` {
		t.Errorf("too large: want API Gateway's own body")
	}
}

func TestWhatIsNotUnderstoodStopsTheStart(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(app(defaultPaths, ""), old, new, 1) }
	operation := func(more string) string {
		return app(`{"/a": {"get": `+strings.Replace(integrated, `"responses": {},`, `"responses": {}, `+more+`,`, 1)+`}}`, "")
	}
	for _, test := range []struct{ name, template, want string }{
		{"top-level extension", app(defaultPaths, `, "x-amazon-apigateway-request-validators": {}`), `resource Api (AWS::ApiGateway::RestApi): property Body: not understood by the local door: json: unknown field "x-amazon-apigateway-request-validators"`},
		{"security scheme", app(defaultPaths, `, "components": {"securitySchemes": {}}`), `unknown field "components"`},
		{"security of an operation", operation(`"security": [{"token": []}]`), `paths./a.get: not understood by the local door: json: unknown field "security"`},
		{"extension of an operation", operation(`"x-amazon-apigateway-authorizer": {}`), `paths./a.get: not understood by the local door: json: unknown field "x-amazon-apigateway-authorizer"`},
		{"integration", strings.ReplaceAll(app(defaultPaths, ""), "aws_proxy", "mock"), "want an integration of type aws_proxy"},
		{"integration's function", strings.ReplaceAll(app(defaultPaths, ""), `{"Fn::GetAtt": ["Echo", "Arn"]}`, `"arn:aws:lambda:eu-central-1:000000000000:function:other"`), "no function arn:aws:lambda:eu-central-1:000000000000:function:other"},
		{"method", app(`{"/a": {"connect": `+integrated+`}}`, ""), "paths./a.connect: not understood"},
		{"gateway response", app(defaultPaths, `, "x-amazon-apigateway-gateway-responses": {"TEAPOT": {}}`), "TEAPOT: no such type of gateway response"},
		{"gateway response's header", app(defaultPaths, `, "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.A": "method.request.header.B"}}}`), "only headers with a fixed value"},
		{"gateway response's variable", app(defaultPaths, `, "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"responseTemplates": {"application/json": "$context.identity.user"}}}`), "variable $context.identity.user is not understood"},
		{"public API", with(`"EndpointConfiguration": {"Types": ["PRIVATE"], "VpcEndpointIds"`, `"EndpointConfiguration": {"Types": ["REGIONAL"], "VpcEndpointIds"`), "only PRIVATE is understood"},
		{"property of the API", with(`"Name": "api"`, `"MinimumCompressionSize": 1`), "property MinimumCompressionSize: not understood"},
		{"no association", with(`"AWS::ApiGateway::DomainNameAccessAssociation"`, `"AWS::CDK::Metadata"`), "is associated with no VPC endpoint"},
		{"no stage", with(`"StageName": "live"`, `"StageName": "other"`), `has no stage "live"`},
	} {
		if _, err := load(t, test.template, echo); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want an error that says %q", test.name, err, test.want)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c", "a", "=", "&&", "a=%20+%2B", "%ZZ=1", "a=b=c", "a;b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := parseQuery(query)
		want, err := url.ParseQuery(query)
		if err != nil {
			return // net/url drops what it can't decode
		}
		if len(want) == 0 {
			want = nil
		}
		if diff := cmp.Diff(map[string][]string(want), got); diff != "" {
			t.Errorf("parseQuery(%q) mismatch (-net/url +got):\n%s", query, diff)
		}
	})
}

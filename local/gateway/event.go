package gateway

import (
	"encoding/base64"
	"strings"

	"onedoor/local/querystring"
)

// event is the Lambda proxy event of a REST API.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
type event struct {
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            *string             `json:"body"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	ResourceID        string   `json:"resourceId"`
	ResourcePath      string   `json:"resourcePath"`
	HTTPMethod        string   `json:"httpMethod"`
	ExtendedRequestID string   `json:"extendedRequestId"`
	RequestTime       string   `json:"requestTime"`
	Path              string   `json:"path"`
	AccountID         string   `json:"accountId"`
	Protocol          string   `json:"protocol"`
	Stage             string   `json:"stage"`
	DomainPrefix      string   `json:"domainPrefix"`
	RequestTimeEpoch  int64    `json:"requestTimeEpoch"`
	RequestID         string   `json:"requestId"`
	Identity          identity `json:"identity"`
	DomainName        string   `json:"domainName"`
	APIID             string   `json:"apiId"`
}

// identity of a caller that authenticated by nothing.
type identity struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	VPCEID                        string  `json:"vpceId"`
	APIKey                        *string `json:"apiKey"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	UserARN                       *string `json:"userArn"`
	APIKeyID                      *string `json:"apiKeyId"`
	UserAgent                     *string `json:"userAgent"`
	AccountID                     *string `json:"accountId"`
	Caller                        *string `json:"caller"`
	SourceIP                      string  `json:"sourceIp"`
	AccessKey                     *string `json:"accessKey"`
	VPCID                         string  `json:"vpcId"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	User                          *string `json:"user"`
}

// requestTimeFormat is the common log format's.
const requestTimeFormat = "02/Jan/2006:15:04:05 -0700"

func (c *call) event(body []byte) event {
	headers := c.headers()
	query := parseQuery(c.query)
	e := event{
		Resource:                        c.route.path,
		Path:                            c.path,
		HTTPMethod:                      c.request.Method,
		Headers:                         last(headers),
		MultiValueHeaders:               headers,
		QueryStringParameters:           last(query),
		MultiValueQueryStringParameters: query,
		PathParameters:                  nonEmpty(c.parameters),
		StageVariables:                  nonEmpty(c.stage.variables),
		RequestContext:                  c.context(),
	}
	if len(body) > 0 {
		text := string(body)
		if c.api.isBinary(c.request.Header.Get("Content-Type")) {
			text, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
		e.Body = &text
	}
	return e
}

func (c *call) context() requestContext {
	prefix, _, _ := strings.Cut(c.domain, ".")
	context := requestContext{
		ResourceID:        "local0",
		ResourcePath:      c.route.path,
		HTTPMethod:        c.request.Method,
		ExtendedRequestID: c.extendedID,
		RequestTime:       c.at.UTC().Format(requestTimeFormat),
		Path:              c.path,
		AccountID:         "000000000000",
		Protocol:          "HTTP/1.1",
		Stage:             c.stage.name,
		DomainPrefix:      prefix,
		RequestTimeEpoch:  c.at.UnixMilli(),
		RequestID:         c.id,
		DomainName:        c.domain,
		APIID:             c.api.id,
		Identity:          identity{SourceIP: c.balancer(), VPCEID: c.endpoint, VPCID: "vpc-local"},
	}
	if agent, ok := c.request.Header["User-Agent"]; ok {
		context.Identity.UserAgent = &agent[0]
	}
	return context
}

// headers returns the request's headers with what the endpoint adds to them.
func (c *call) headers() map[string][]string {
	headers := map[string][]string{}
	for name, values := range c.request.Header {
		headers[name] = values
	}
	forwarded := append(c.request.Header.Values("X-Forwarded-For"), c.balancer())
	headers["Host"] = []string{c.request.Host}
	headers["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	headers["x-amzn-vpce-id"] = []string{c.endpoint}
	return headers
}

// parseQuery decodes a query, nil when it is empty.
func parseQuery(raw string) map[string][]string {
	var parsed map[string][]string
	for name, value := range querystring.Pairs(raw) {
		if parsed == nil {
			parsed = map[string][]string{}
		}
		name = querystring.Unescape(name)
		parsed[name] = append(parsed[name], querystring.Unescape(value))
	}
	return parsed
}

// last keeps the last value of each name.
func last[M ~map[string][]string](multi M) map[string]string {
	if multi == nil {
		return nil
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		if len(values) > 0 {
			single[name] = values[len(values)-1]
		}
	}
	return single
}

func nonEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

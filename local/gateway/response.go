package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// fault is an answer that API Gateway makes itself.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
type fault struct {
	responseType string
	status       int
	errorType    string
	message      string
}

var (
	missingAuthenticationToken = fault{"MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	requestTooLarge            = fault{"REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long"}
	badRequest                 = fault{"DEFAULT_4XX", 400, "BadRequestException", "Bad Request"}
	integrationTimedOut        = fault{"INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "Endpoint request timed out"}
	badGateway                 = fault{"DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error"}
	internalError              = fault{"DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error"}
)

// responseTypes are all types that a template may customise.
var responseTypes = map[string]bool{
	"ACCESS_DENIED": true, "API_CONFIGURATION_ERROR": true, "AUTHORIZER_CONFIGURATION_ERROR": true,
	"AUTHORIZER_FAILURE": true, "BAD_REQUEST_BODY": true, "BAD_REQUEST_PARAMETERS": true,
	"DEFAULT_4XX": true, "DEFAULT_5XX": true, "EXPIRED_TOKEN": true, "INTEGRATION_FAILURE": true,
	"INTEGRATION_TIMEOUT": true, "INVALID_API_KEY": true, "INVALID_SIGNATURE": true,
	"MISSING_AUTHENTICATION_TOKEN": true, "QUOTA_EXCEEDED": true, "REQUEST_TOO_LARGE": true,
	"RESOURCE_NOT_FOUND": true, "THROTTLED": true, "UNAUTHORIZED": true, "UNSUPPORTED_MEDIA_TYPE": true,
	"WAF_FILTERED": true,
}

// gatewayResponse is the template's form of an answer that API Gateway makes
// itself.
type gatewayResponse struct {
	StatusCode any               `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters"`
	Templates  map[string]string `json:"responseTemplates"`
}

const (
	headerParameter = "gatewayresponse.header."
	defaultTemplate = `{"message":$context.error.messageString}`
)

var (
	contextVariable = regexp.MustCompile(`\$context\.[A-Za-z.]*[A-Za-z]`)
	staticValue     = regexp.MustCompile(`^'[^']*'$`)
)

// check reports what of the response the local door doesn't understand.
func (g gatewayResponse) check(name string) error {
	if !responseTypes[name] {
		return fmt.Errorf("no such type of gateway response")
	}
	if g.StatusCode != nil && g.status(0) == 0 {
		return fmt.Errorf("statusCode %v is no number", g.StatusCode)
	}
	for parameter, value := range g.Parameters {
		if !strings.HasPrefix(parameter, headerParameter) || !staticValue.MatchString(value) {
			return fmt.Errorf("responseParameters: %s: %s: only headers with a fixed value are understood by the local door", parameter, value)
		}
	}
	known := (&call{}).variables(fault{})
	for mediaType, text := range g.Templates {
		if mediaType != "application/json" {
			return fmt.Errorf("responseTemplates: %s: only application/json is understood by the local door", mediaType)
		}
		for _, variable := range contextVariable.FindAllString(text, -1) {
			if _, ok := known[variable]; !ok {
				return fmt.Errorf("responseTemplates: variable %s is not understood by the local door", variable)
			}
		}
	}
	return nil
}

func (g gatewayResponse) status(otherwise int) int {
	n, err := strconv.Atoi(fmt.Sprint(g.StatusCode))
	if err != nil {
		return otherwise
	}
	return n
}

// response returns what the template says of a fault: of its type, else of its
// class.
func (a *api) response(f fault) gatewayResponse {
	if g, ok := a.responses[f.responseType]; ok {
		return g
	}
	return a.responses[fmt.Sprintf("DEFAULT_%dXX", f.status/100)]
}

// respond answers with a fault in the form that the template gives it.
func (c *call) respond(w http.ResponseWriter, f fault) {
	g := c.api.response(f)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Errortype", f.errorType)
	for parameter, value := range g.Parameters {
		h.Set(strings.TrimPrefix(parameter, headerParameter), strings.Trim(value, "'"))
	}
	text, ok := g.Templates["application/json"]
	if !ok {
		text = defaultTemplate
	}
	variables := c.variables(f)
	body := contextVariable.ReplaceAllStringFunc(text, func(name string) string { return variables[name] })
	c.stamp(w)
	w.WriteHeader(g.status(f.status))
	w.Write([]byte(body))
}

// variables are the context variables that a gateway response may mention.
func (c *call) variables(f fault) map[string]string {
	quoted, _ := json.Marshal(f.message)
	v := map[string]string{
		"$context.error.message":       f.message,
		"$context.error.messageString": string(quoted),
		"$context.error.responseType":  f.responseType,
		"$context.requestId":           c.id,
		"$context.extendedRequestId":   c.extendedID,
	}
	return v
}

// forbid answers a request for a host that isn't served.
func (c *call) forbid(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-Errortype", "ForbiddenException")
	c.reject(w, http.StatusForbidden, "Forbidden")
}

// reject answers a request before it belongs to an API, so without its gateway
// responses.
func (c *call) reject(w http.ResponseWriter, status int, message string) {
	body, _ := json.Marshal(map[string]string{"message": message})
	w.Header().Set("Content-Type", "application/json")
	c.stamp(w)
	w.WriteHeader(status)
	w.Write(body)
}

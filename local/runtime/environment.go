package runtime

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// environment returns the whole environment of a process: the template's
// variables, what Lambda sets, and nothing of this machine's own.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (f *Function) environment(api string) []string {
	root := filepath.Dir(f.program)
	variables := maps.Clone(f.properties.Environment.Variables)
	if variables == nil {
		variables = map[string]string{}
	}
	maps.Copy(variables, map[string]string{
		"_HANDLER":                        f.properties.Handler,
		"AWS_DEFAULT_REGION":              f.resource.Stack.Region,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.properties.MemorySize),
		"AWS_LAMBDA_FUNCTION_NAME":        f.name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_REGION":                      f.resource.Stack.Region,
		"LAMBDA_RUNTIME_DIR":              root,
		"LAMBDA_TASK_ROOT":                root,
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
	})
	if f.properties.LoggingConfig.LogFormat == "JSON" {
		variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		variables["AWS_LAMBDA_LOG_LEVEL"] = "INFO"
		if level := f.properties.LoggingConfig.ApplicationLogLevel; level != "" {
			variables["AWS_LAMBDA_LOG_LEVEL"] = level
		}
	}
	maps.Copy(variables, f.local)
	var environment []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environment = append(environment, name+"="+variables[name])
	}
	return environment
}

// Command probe is a Lambda function that does what its event tells it to, for
// the tests of package runtime.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string
	Sleep time.Duration
}

type answer struct {
	Pid         int
	RequestID   string
	ARN         string
	Deadline    time.Time
	Environment []string
	Large       string
}

func main() {
	if os.Getenv("PROBE_FAILS") != "" {
		fmt.Println("no settings")
		os.Exit(4)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, e event) (answer, error) {
	time.Sleep(e.Sleep)
	switch e.Do {
	case "exit":
		os.Exit(3)
	case "panic":
		panic("at the disco")
	case "fail":
		return answer{}, errors.New("not today")
	case "log":
		fmt.Println("hello from the function")
	case "large":
		return answer{Large: strings.Repeat("x", 7<<20)}, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return answer{
		Pid: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn,
		Deadline: deadline, Environment: os.Environ(),
	}, nil
}

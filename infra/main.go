// Command infra is the CDK app of onedoor. The CDK CLI runs it as cdk.json
// says; it builds the functions and synthesizes the Network and Service stacks
// of one stage, chosen by `-c stage=NAME`, with no account, no credentials, no
// Docker and no network.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	os.Exit(run())
}

// run is main with an exit status, so that jsii is always closed.
func run() int {
	defer jsii.Close()
	if err := synthesize(awscdk.NewApp(nil)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// synthesize reads the stage's settings from the app's context, builds the
// functions and writes the stacks. On an error nothing is written.
func synthesize(app awscdk.App) error {
	// The traces differ between machines, and so would the files.
	app.Node().SetContext(jsii.String("aws:cdk:disable-creation-stack-traces"), true)
	settings, err := settingsFrom(app.Node())
	if err != nil {
		return err
	}
	document, err := loadContract(lambdaPackages)
	if err != nil {
		return err
	}
	built, err := buildFunctions()
	if err != nil {
		return err
	}
	defer built.remove()
	newStacks(app, settings, built, document)
	app.Synth(nil)
	return nil
}

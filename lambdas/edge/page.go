package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"strconv"

	"onedoor/lambdas/internal/answer"
	"onedoor/lambdas/internal/link"
)

// landingPage is what a browser gets for a link: what it leads to, and one
// button that claims by POST. Scanners and previews that ask for HTML, as
// browsers do, but don't press buttons, leave the link unused. It needs no
// script. A negative size is not shown.
func landingPage(l link.Link, size int64) answer.Answer {
	name := l.FileName
	if name == "" {
		name = l.Key.Name()
	}
	details := remainingText(l.Remaining)
	if size >= 0 {
		details = sizeText(size) + " · " + details
	}
	return answer.Answer{
		Status: http.StatusOK,
		Header: map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": pagePolicy,
		},
		Body: fmt.Sprintf(page, html.EscapeString(name), pageStyle, html.EscapeString(name), details),
	}
}

// page has no action on its form: it posts to the URL that it came from.
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Download %s</title>
<style>%s</style>
</head>
<body>
<main>
<h1>%s</h1>
<p>%s</p>
<form method="post"><button type="submit">Download</button></form>
</main>
</body>
</html>
`

const pageStyle = `:root{color-scheme:light dark}` +
	`body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}` +
	`main{max-width:36rem;padding:2rem;text-align:center}` +
	`h1{font-size:1.5rem;overflow-wrap:anywhere}` +
	`button{font:inherit;padding:.75rem 2rem;border:0;border-radius:.5rem;background:#0b57d0;color:#fff;cursor:pointer}` +
	`button:focus-visible{outline:3px solid currentColor;outline-offset:3px}`

// pagePolicy allows the page its one style and a form that stays on the domain,
// and nothing else.
var pagePolicy = func() string {
	hash := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

func remainingText(remaining int) string {
	if remaining == 1 {
		return "This link works once."
	}
	return fmt.Sprintf("This link works %d more times.", remaining)
}

// sizeText rounds to three digits in decimal units, as download dialogs do.
func sizeText(size int64) string {
	if size < 1000 {
		return strconv.FormatInt(size, 10) + " bytes"
	}
	value := float64(size)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if value /= 1000; value < 999.5 {
			return strconv.FormatFloat(value, 'g', 3, 64) + " " + unit
		}
	}
	return strconv.FormatFloat(value/1000, 'g', 3, 64) + " TB"
}

// Package e2e is the acceptance suite of onedoor. It knows the door by HTTP
// alone: requests go over the wire byte for byte as a test states them, and
// what is promised to clients, firewalls and auditors is checked on the
// answers.
//
// Without settings it synthesizes the template, once for each way to address
// the bucket, builds the local door and runs every test through both. What
// breaks functions and tables does so behind a door of its own. Set
//
//	E2E_BASE_URL  https://files.example.com, the deployment to test instead
//	E2E_KEY       the key of an object of at least eight bytes that it holds
//	E2E_SHA256    the SHA-256 of that object, in hexadecimal
//	E2E_CONNECT   host:port to connect to, whatever the URL says (optional)
//	E2E_CA        a PEM file of certificates to trust (optional)
//
// and it tests that deployment from outside. What can't be seen from there is
// skipped by name and with the reason; nothing is skipped otherwise.
package e2e

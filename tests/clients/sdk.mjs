// The emulator as the official JavaScript SDKs see it: @azure/identity (MSAL for Node), @azure/arm-containerregistry,
// @azure/arm-resourcegraph. Usage: node sdk.mjs URL, with NODE_EXTRA_CA_CERTS.
import { ClientSecretCredential } from "@azure/identity";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { ResourceGraphClient } from "@azure/arm-resourcegraph";

const url = process.argv[2];
const tenant = "72f988bf-0000-4000-8000-00000000e0e0";
const subscription = "00000000-0000-4000-8000-0000000000ac";
const credential = new ClientSecretCredential(tenant, "emulator", "emulator", {
  authorityHost: url,
  disableInstanceDiscovery: true,
});
const options = { endpoint: url, credentialScopes: [`${url}/.default`], credentials: { scopes: [`${url}/.default`] } };

function expect(what, found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    console.error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
    process.exit(1);
  }
  console.log(`${what}: ${JSON.stringify(found)}`);
}

const registries = new ContainerRegistryManagementClient(credential, subscription, options);
const fabrikam = await registries.registries.get("fabrikam-rg", "fabrikam");
expect("login server", fabrikam.loginServer, "fabrikam.azurecr.io");
expect("data endpoints", fabrikam.dataEndpointHostNames?.length, 3);
const names = [];
for await (const registry of registries.registries.list()) names.push(registry.name);
expect("registries", names.includes("northwind"), true);
const replications = [];
for await (const one of registries.replications.list("fabrikam-rg", "fabrikam")) replications.push(one.location);
expect("replications", replications.sort(), ["japaneast", "northeurope", "westeurope"]);

const graph = new ResourceGraphClient(credential, { ...options, baseUri: url });
const query = `resourcecontainers
| where type =~ 'microsoft.resources/subscriptions'
| project subscriptionId, name
| order by subscriptionId asc`;
const answer = await graph.resources({ query, options: { resultFormat: "objectArray" } });
expect("Resource Graph", answer.data[0].subscriptionId, subscription);

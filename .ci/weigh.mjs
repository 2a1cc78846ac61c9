// Weighs policies by iam-simulate, for tests/integration/moto.rs. Takes the directory that it is
// installed in; reads {account, policies, sessions} on stdin, prints for each session whether it
// may list buckets. Decides nothing by itself.
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'

const home = `${process.argv[2]}/node_modules/@cloud-copilot/iam-simulate/dist/esm/index.js`
const { runSimulation } = await import(pathToFileURL(home))
const { account, policies, sessions } = JSON.parse(readFileSync(0, 'utf8'))
const identityPolicies = Object.entries(policies).map(([name, policy]) => ({ name, policy }))
const allowed = []
for (const { principal, context } of sessions) {
  const answer = await runSimulation(
    {
      request: {
        principal,
        action: 's3:ListAllMyBuckets',
        resource: { resource: '*', accountId: account },
        contextVariables: context,
      },
      identityPolicies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  if (answer.resultType === 'error' || !answer.overallResult) {
    throw new Error(JSON.stringify(answer).slice(0, 2000))
  }
  allowed.push(answer.overallResult === 'Allowed')
}
process.stdout.write(JSON.stringify(allowed))

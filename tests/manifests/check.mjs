// node check.mjs FACT: one fact about ops/k8s and docker-compose.yml, by its name; exits 0 where it holds. Run by ctest.
// LYCEUM_BIN_DIR: the programs. LYCEUM_MANIFESTS_ROOT: another tree than this one.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {parse, parseAllDocuments} from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));
const root = process.env.LYCEUM_MANIFESTS_ROOT ?? join(here, '../..');
const text = path => readFileSync(join(root, path), 'utf8');
const documents = path => parseAllDocuments(text(path)).map(each => {
  if (each.errors.length) throw new Error(`${path}: ${each.errors[0]}`);
  return each.toJS();
});
const found = [];
const check = (good, what) => { if (!good) found.push(what); };

// What kubectl apply -k would send, but for what kustomize puts over it.
const rooms = ['base', 'keda'];
const kustomization = room => documents(`ops/k8s/${room}/kustomization.yaml`)[0];
const files = rooms.flatMap(room => kustomization(room).resources.filter(name => name.endsWith('.yaml')).map(name => `ops/k8s/${room}/${name}`));
const objects = files.flatMap(path => documents(path).map(object => ({path, ...object})));
const of = kind => objects.filter(each => each.kind === kind);
const workloads = objects.filter(each => ['StatefulSet', 'Deployment', 'Job'].includes(each.kind));
const pod = each => each.spec.template.spec;
const container = each => pod(each).containers[0];
const words = each => [...(container(each).command ?? []), ...(container(each).args ?? [])];
const argument = (each, flag) => words(each)[words(each).indexOf(flag) + 1];
const matches = (labels, wanted) => Object.entries(wanted ?? {}).every(([name, value]) => labels?.[name] === value);

const help = {};
const helpOf = (program, ...more) => help[[program, ...more]] ??=
    execFileSync(join(process.env.LYCEUM_BIN_DIR, program), [...more, '--help'], {encoding: 'utf8'});
const knowsFlag = (page, flag) => new RegExp(`(^|[ ,])${flag}([ ,:{]|$)`, 'm').test(page);
// Of a command line: a program of ours, with flags that it has.
function checkCommand(where, line) {
  const program = line[0];
  if (!program?.startsWith('lyceum')) return;
  const page = program === 'lyceum' ? helpOf(program, line[1]) : helpOf(program);
  for (const word of line.filter(each => each.startsWith('--'))) check(knowsFlag(page, word), `${where}: ${program} does not know ${word}`);
}
// Of variables: what the program reads, be it a flag's or a secret's, which have none.
const secrets = ['LYCEUM_NATS_PASSWORD', 'LYCEUM_NATS_PASSWORD_FILE', 'NATS_PASSWORD', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY'];
function checkVariables(where, program, names) {
  if (!program?.startsWith('lyceum')) return;
  const page = helpOf(program) + 'LYCEUM_CONFIG';
  for (const name of names) {
    check(secrets.includes(name) || name === 'POD_NAME' || new RegExp(`\\b${name}\\b`).test(page), `${where}: ${program} does not read ${name}`);
  }
}

const facts = {
  // Each field is one that Kubernetes, or KEDA, has, and of its type.
  EachFieldIsOneOfKubernetes() {
    const packages = {'apiextensions': 0, 'keda.sh': '@kubernetes-models/keda'};
    const source = objects.map(({path, ...object}, i) => {
      const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
      const from = `${packages[group] || 'kubernetes-models'}${group ? '/' + group : ''}/${version}`;
      return `import type {I${object.kind} as T${i}} from '${from}';\nexport const o${i}: T${i} =\n${JSON.stringify(object)};`;
    }).join('\n');
    const name = join(here, 'objects.ts');  // Of this program's memory.
    const options = {strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, types: [],
                     module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler};
    const host = ts.createCompilerHost(options);
    const {getSourceFile, fileExists, readFile} = host;
    host.fileExists = path => path === name || fileExists(path);
    host.readFile = path => path === name ? source : readFile(path);
    host.getSourceFile = (path, ...more) => path === name ? ts.createSourceFile(path, source, ...more) : getSourceFile(path, ...more);
    const program = ts.createProgram([name], options, host);
    for (const each of ts.getPreEmitDiagnostics(program)) {
      const line = each.file && each.start !== undefined ? source.slice(0, each.start).split('\n').length - 1 : 0;
      const object = objects[Math.floor(line / 3)];
      check(false, `${object?.path} ${object?.kind} ${object?.metadata.name}: ${ts.flattenDiagnosticMessageText(each.messageText, '\n')}`);
    }
    check(objects.length > 10, 'there are objects');
  },
  EachFileIsInItsKustomization() {
    for (const room of rooms) {
      for (const name of readdirSync(join(root, 'ops/k8s', room))) {
        check(name === 'kustomization.yaml' || kustomization(room).resources.includes(name), `ops/k8s/${room}/${name} is in no kustomization`);
      }
    }
    const version = /project\(lyceum VERSION ([0-9.]+)/.exec(text('CMakeLists.txt'))[1];
    check(kustomization('base').images[0].newTag === version, `the image is of version ${version}`);
    const names = objects.map(each => `${each.kind} ${each.metadata.name}`);
    check(new Set(names).size === names.length, 'a name is there twice');
  },
  SelectorsFindTheirPods() {
    for (const each of workloads.filter(each => each.kind !== 'Job')) {
      check(matches(each.spec.template.metadata.labels, each.spec.selector.matchLabels), `${each.path}: the selector finds no pod`);
    }
    const wanted = [
      ...of('Service').map(each => [each, each.spec.selector]),
      ...of('PodDisruptionBudget').map(each => [each, each.spec.selector.matchLabels]),
      ...of('NetworkPolicy').map(each => [each, each.spec.podSelector.matchLabels])];
    for (const [each, labels] of wanted) {
      check(workloads.some(one => matches(one.spec.template.metadata.labels, labels)), `${each.path} ${each.kind}: its selector finds no pod`);
    }
    for (const each of of('ScaledObject')) {
      const target = of('Deployment').find(one => one.metadata.name === each.spec.scaleTargetRef.name);
      check(target && target.spec.replicas === undefined, `${each.path}: it scales what has its own count, or is not there`);
      for (const trigger of each.spec.triggers) {
        for (const figure of trigger.metadata.query.match(/lyceum_[a-z_]+/g)) {
          check(text('docs/operations.md').includes(`| \`${figure}\` |`), `${each.path}: there is no figure ${figure}`);
        }
      }
    }
    for (const each of of('StatefulSet')) {
      check(of('Service').some(one => one.metadata.name === each.spec.serviceName), `${each.path}: there is no service ${each.spec.serviceName}`);
    }
  },
  PortsAndProbesAgree() {
    for (const each of workloads.filter(each => each.kind !== 'Job')) {
      const ports = Object.fromEntries(container(each).ports.map(port => [port.name, port.containerPort]));
      check(argument(each, '--metrics-listen') === `0.0.0.0:${ports.metrics}`, `${each.path}: the port of figures`);
      if (ports.http) check(argument(each, '--listen') === `0.0.0.0:${ports.http}`, `${each.path}: the port of learners`);
      for (const [probe, path] of [['startupProbe', '/livez'], ['livenessProbe', '/livez'], ['readinessProbe', '/readyz']]) {
        check(container(each)[probe]?.httpGet.path === path && container(each)[probe].httpGet.port === 'metrics', `${each.path}: ${probe} asks for ${path}`);
      }
      for (const service of of('Service').filter(one => matches(each.spec.template.metadata.labels, one.spec.selector))) {
        for (const port of service.spec.ports) check(ports[port.targetPort] === port.port, `${service.path}: port ${port.name}`);
      }
      const open = of('NetworkPolicy').filter(one => matches(each.spec.template.metadata.labels, one.spec.podSelector.matchLabels))
          .flatMap(one => one.spec.ingress ?? []).flatMap(rule => rule.ports.map(port => port.port));
      check(JSON.stringify([...open].sort()) === JSON.stringify(Object.values(ports).sort()), `${each.path}: what the network lets in is not what listens`);
    }
  },
  StoppingTakesLessThanIsAllowed() {
    const bound = (path, name) => Number(new RegExp(`${name}[ {=]+([0-9']+)`).exec(text(path))[1].replace(/'/g, ''));
    const drains = {'lyceum-session-worker': bound('services/session_worker/main.cc', 'kStop') / 1000,
                    'lyceum-tool-worker': bound('services/tool_worker/main.cc', 'kDrain'),
                    'lyceum-gateway': bound('lib/gateway/host.cc', 'kStopMsMax') / 1000};
    for (const each of workloads.filter(each => each.kind !== 'Job')) {
      const before = Number(container(each).lifecycle?.preStop?.exec.command[1] ?? 0);
      const needed = drains[each.metadata.name] + before + 5;
      check(pod(each).terminationGracePeriodSeconds >= needed, `${each.path}: stopping may take ${needed} s`);
    }
    const compose = parse(text('docker-compose.yml'), {merge: true});
    for (const [name, service] of Object.entries(compose.services)) {
      const needed = drains[service.command?.[0]] + 4;
      if (needed) check(parseInt(service.stop_grace_period) >= needed, `docker-compose.yml: ${name} may take ${needed} s to stop`);
    }
  },
  NothingIsRootOrWritable() {
    for (const each of workloads) {
      const {securityContext: all, automountServiceAccountToken: token} = pod(each);
      check(all?.runAsNonRoot && all.runAsUser > 0 && all.seccompProfile?.type === 'RuntimeDefault' && token === false, `${each.path}: its pod is open`);
      for (const one of pod(each).containers) {
        const own = one.securityContext;
        check(own?.readOnlyRootFilesystem && own.allowPrivilegeEscalation === false && own.capabilities?.drop?.includes('ALL'), `${each.path}: ${one.name} is open`);
        check(one.resources?.requests && one.resources.limits?.memory, `${each.path}: ${one.name} has no limits`);
      }
      check(String(all.runAsUser) === /--uid ([0-9]+)/.exec(text('ops/docker/Dockerfile'))[1], `${each.path}: the image has another user`);
    }
    check(of('Secret').length === 0, 'a secret lies in the repository');
    const made = of('ConfigMap').map(each => each.metadata.name);
    for (const each of workloads) {
      const named = [...(container(each).envFrom ?? []).map(from => from.configMapRef?.name), ...(pod(each).volumes ?? []).map(volume => volume.configMap?.name)];
      for (const name of named.filter(Boolean)) check(made.includes(name), `${each.path}: there is no ConfigMap ${name}`);
      const mounted = container(each).volumeMounts.map(mount => mount.name);
      const volumes = [...(pod(each).volumes ?? []).map(volume => volume.name), ...(each.spec.volumeClaimTemplates ?? []).map(claim => claim.metadata.name)];
      for (const name of [...mounted, ...volumes]) check(mounted.includes(name) && volumes.includes(name), `${each.path}: volume ${name}`);
    }
  },
  FlagsAndVariablesAreThoseOfThePrograms() {
    for (const each of workloads) {
      checkCommand(each.path, words(each));
      const given = (container(each).envFrom ?? []).flatMap(from => Object.keys(of('ConfigMap').find(one => one.metadata.name === from.configMapRef.name).data));
      checkVariables(each.path, words(each)[0], [...container(each).env.map(one => one.name), ...given]);
    }
    const compose = parse(text('docker-compose.yml'), {merge: true});
    for (const [name, service] of Object.entries(compose.services)) {
      checkCommand(`docker-compose.yml, ${name}`, service.command ?? []);
      checkVariables(`docker-compose.yml, ${name}`, service.command?.[0], Object.keys(service.environment ?? {}));
    }
  },
  EachServiceOfTheComposeFileTellsItsHealth() {
    const {services, volumes} = parse(text('docker-compose.yml'), {merge: true});
    for (const [name, service] of Object.entries(services)) {
      if (['init', 'chat', 'prometheus'].includes(name)) continue;
      check(service.healthcheck?.test[0] === 'CMD', `${name} has no health check`);
      if (service.command[0].startsWith('lyceum')) {
        const listens = service.command[service.command.indexOf('--metrics-listen') + 1];
        check(listens === '0.0.0.0:9100' && service.healthcheck.test.join(' ').includes('127.0.0.1/9100'), `${name} is asked where it listens`);
      }
      for (const volume of service.volumes ?? []) {
        const from = typeof volume === 'string' ? volume.split(':')[0] : '.';
        check(from.startsWith('.') ? existsSync(join(root, from)) : from in volumes, `${name}: there is no volume ${from}`);
      }
    }
    for (const job of parse(text('ops/prometheus/compose.yml')).scrape_configs) {
      check(job.job_name.startsWith('lyceum'), `job ${job.job_name}: ops/alerts.yml goes by names that begin with lyceum`);
      for (const target of job.static_configs.flatMap(each => each.targets)) {
        check(services[target.split(':')[0]] && target.endsWith(':9100'), `there is no ${target}`);
      }
    }
    const nodes = ['nats', 'nats-2', 'nats-3'];
    for (const node of nodes) {
      check(services[node].environment.LYCEUM_NATS_NAME === node && text('ops/nats/cluster.conf').includes(`nats-route://${node}:6222`), `${node} is a node of the cluster`);
    }
  },
};

const fact = facts[process.argv[2]];
if (!fact) { console.error(`facts: ${Object.keys(facts).join(' ')}`); process.exit(2); }
fact();
for (const what of found) console.error(`not so: ${what}`);
process.exit(found.length ? 1 : 0);

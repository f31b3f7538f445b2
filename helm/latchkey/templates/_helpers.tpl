{{- /*
SPDX-License-Identifier: Apache-2.0
Copyright The Latchkey authors
*/ -}}

{{- define "latchkey.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "latchkey.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{- define "latchkey.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "latchkey.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# Secret files belong to root; through this group the programs may read them and nobody else may.
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "latchkey.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "latchkey.volumeMounts" -}}
- name: config
  mountPath: /etc/latchkey
  readOnly: true
{{- if .files }}
- name: secrets
  mountPath: /run/secrets/latchkey
  readOnly: true
{{- end }}
{{- if .root.Values.secrets.kafkaSecret }}
- name: kafka-secrets
  mountPath: /run/secrets/kafka
  readOnly: true
{{- end }}
{{- end -}}

{{- /* files: the paths of the secrets that the program opens; root: the chart's own context. */ -}}
{{- define "latchkey.volumes" -}}
- name: config
  configMap:
    name: {{ .config }}
{{- if .files }}
- name: secrets
  secret:
    secretName: {{ .root.Values.secrets.existingSecret }}
    defaultMode: 0440
    items:
      {{- range .files | uniq }}
      - key: {{ base . }}
        path: {{ base . }}
      {{- end }}
{{- end }}
{{- if .root.Values.secrets.kafkaSecret }}
- name: kafka-secrets
  secret:
    secretName: {{ .root.Values.secrets.kafkaSecret }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "latchkey.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- /*
One program for one account or space: a Deployment, and a budget where there is more than one pod.
root: the chart's context; program: its name without "latchkey-"; flag and of: --account or --space
and its value; values: the program's own; files: its secrets.
*/ -}}
{{- define "latchkey.program" -}}
{{- $name := printf "%s-%s-%s" (include "latchkey.fullname" .root) .program .of | trunc 63 | trimSuffix "-" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "latchkey.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .program }}
    latchkey/{{ .flag }}: {{ .of }}
spec:
  replicas: {{ .values.replicas }}
  # A new pod is warm before an old one goes.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels: &selector
      app.kubernetes.io/name: {{ .root.Chart.Name }}
      app.kubernetes.io/instance: {{ .root.Release.Name }}
      app.kubernetes.io/component: {{ .program }}
      latchkey/{{ .flag }}: {{ .of }}
  template:
    metadata:
      labels: {{- include "latchkey.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .program }}
        latchkey/{{ .flag }}: {{ .of }}
        {{- with .root.Values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        checksum/config: {{ toYaml .root.Values.config | sha256sum }}
        {{- with .root.Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "latchkey.serviceAccountName" .root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 15
      securityContext: {{- include "latchkey.podSecurity" .root | nindent 8 }}
      {{- with include "latchkey.placement" .root }}{{ . | nindent 6 }}{{ end }}
      affinity:
      {{- if .root.Values.affinity }}{{ toYaml .root.Values.affinity | nindent 8 }}
      {{- else }}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector: {matchLabels: *selector}
      {{- end }}
      containers:
        - name: {{ .program }}
          image: {{ include "latchkey.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          command: [latchkey-{{ .program }}]
          args:
            - --config=/etc/latchkey/latchkey.yaml
            - --listen=0.0.0.0:{{ .root.Values.metrics.port }}
            - --{{ .flag }}={{ .of }}
          ports:
            - {name: metrics, containerPort: {{ .root.Values.metrics.port }}}
          livenessProbe:
            httpGet: {path: /healthz, port: metrics}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /readyz, port: metrics}
            periodSeconds: 5
            timeoutSeconds: 5
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- include "latchkey.containerSecurity" .root | nindent 12 }}
          volumeMounts: {{- include "latchkey.volumeMounts" . | nindent 12 }}
      volumes: {{- include "latchkey.volumes" (merge (dict "config" (include "latchkey.fullname" .root)) .) | nindent 8 }}
{{- if and .root.Values.podDisruptionBudget.enabled (gt (int .values.replicas) 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "latchkey.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .program }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .root.Chart.Name }}
      app.kubernetes.io/instance: {{ .root.Release.Name }}
      app.kubernetes.io/component: {{ .program }}
      latchkey/{{ .flag }}: {{ .of }}
{{- end }}
{{- end -}}

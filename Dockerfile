# One image for all processes; the command picks one, for example
#   docker run mosis node services/telemetry/src/main/ingest.ts
# What each one has to be told by its environment is in docs/operations.md.
# The version of Node is that of the npm package `node` in package.json.

# The manifests alone, so that changed sources do not install everything again.
FROM node:26.10.0-slim AS manifests
WORKDIR /tree
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

FROM node:26.10.0-slim AS dependencies
WORKDIR /mosis
COPY --from=manifests /tree ./
# Only what the services need: devstack, the embedded servers, stays out.
RUN npm ci --omit=dev --ignore-scripts -w services/catalog -w services/telemetry && npm cache clean --force

FROM node:26.10.0-slim
ENV NODE_ENV=production
WORKDIR /mosis
COPY --from=dependencies /mosis ./
COPY . .
USER node
CMD ["node", "services/catalog/src/main/api.ts"]

# Looma in one image; the role is the command. Not built where this repository is tested: see docs/deploy.md.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /looma
COPY package.json package-lock.json .npmrc ./
# Without scripts: the image has its own Node, and no other package needs one. The model runtime ships every platform; this image is Linux.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/node node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0 ADMIN_HOST=0.0.0.0
WORKDIR /looma
COPY --from=packages /looma/node_modules node_modules
COPY package.json LICENSE NOTICE ./
COPY bin bin
COPY models/default models/default
COPY dashboards dashboards
COPY src src
RUN mkdir /data && chown node:node /data && chmod 700 /data
USER node
VOLUME /data
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.ADMIN_PORT || 3001) + '/livez').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: it takes the signals.
ENTRYPOINT ["node", "src/cli.ts"]
CMD ["serve"]

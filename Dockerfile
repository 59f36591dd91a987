# Two stages: the first has a compiler for better-sqlite3 and makes the release, the second has only what runs.
FROM node:22-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run release -- /release

FROM node:22-slim
# openssl for `consent verify`, which runs the same script that stands in every proof. tini to be the first process: from that one the kernel keeps every signal that it does not
# listen to, so a server that was told to stop in its first half second would start, and be killed at the end of its grace.
RUN apt-get update && apt-get install -y --no-install-recommends openssl tini && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /release ./
RUN mkdir data && chown node:node data
USER node
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
VOLUME /app/data
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.PORT+'/healthz', {signal: AbortSignal.timeout(4000)}).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/src/main.js", "serve"]

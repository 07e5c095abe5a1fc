// Reports the tests' sample calls with a client for Node. Arguments: package, address, write key. Prints its errors.
const [name, host, writeKey] = process.argv.slice(2);
const module = await import(name);
const say = (error) => console.log(`error: ${error?.reason?.message ?? error?.message ?? error}`);

// Those made from Segment's present client, and those made from the one before it.
const modern = async () => {
  const analytics = new module.Analytics({ host, writeKey, flushAt: 20, maxEventsInBatch: 20, maxRetries: 3 });
  analytics.on("error", say);
  return [analytics, () => analytics.closeAndFlush({ timeout: 30_000 })];
};
const legacy = async () => {
  const analytics = new module.default(writeKey, { host, dataPlaneUrl: host, flushAt: 20, errorHandler: say });
  const flush = async () => {
    while (analytics.queue.length > 0) await analytics.flush();
    await analytics.pendingFlush; // RudderStack's has one under way
  };
  return [analytics, flush];
};
const dittofeed = async () => {
  const basic = `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`;
  const analytics = module.DittofeedSdk;
  await analytics.init({ host, writeKey: basic });
  return [analytics, () => analytics.flush()];
};
const kinds = {
  "@segment/analytics-node": modern,
  "@customerio/cdp-analytics-node": modern,
  "analytics-node": legacy,
  "@rudderstack/rudder-sdk-node": legacy,
  "@dittofeed/sdk-node": dittofeed,
};

const [analytics, flush] = await kinds[name]();
analytics.identify({ userId: "anna", anonymousId: "visitor", traits: { email: "anna@shop.example", first_name: "Anna" } });
analytics.track({
  userId: "anna",
  event: "Product Added",
  properties: { product_id: "boots", price: 120.5, quantity: 2 },
  timestamp: new Date("2026-03-01T12:00:00.250Z"),
  messageId: "mine",
});
analytics.track({ userId: "anna", event: "Product Added", messageId: "mine" });
analytics.page({ anonymousId: "visitor", category: "Docs", name: "Pricing", properties: { url: "/pricing" } });
analytics.screen({ userId: "anna", name: "Cart" });
analytics.group?.({ userId: "anna", groupId: "acme", traits: { plan: "pro" } }); // Dittofeed's has neither
analytics.alias?.({ previousId: "visitor-2", userId: "anna" });
for (let number = 0; number < 50; number += 1) {
  analytics.track({ userId: "anna", event: "Product Viewed", properties: { number, name: "Ångström ☂" } });
}
await flush();

// Reports the tests' sample calls with Segment's client for Node. Arguments: address, write key. Prints its errors.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushAt: 20, maxRetries: 3 });
analytics.on("error", (error) => console.log(`error: ${error.code} ${error.reason?.message ?? ""}`));

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
analytics.group({ userId: "anna", groupId: "acme", traits: { plan: "pro" } });
analytics.alias({ previousId: "visitor-2", userId: "anna" });
for (let number = 0; number < 50; number += 1) {
  analytics.track({ userId: "anna", event: "Product Viewed", properties: { number, name: "Ångström ☂" } });
}
await analytics.closeAndFlush({ timeout: 30_000 });

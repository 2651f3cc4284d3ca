//! E-commerce events become orders, order lines and refunds.

use perennial_store::{NetRule, Page, ProjectionRules};
use serde_json::{Value, json};

use crate::databases::{for_each_database, for_each_empty};
use crate::messages::{identify, later, profile, receive, track};
use crate::tables::rows;
use perennial_store::Store;

/// The example of Order Completed in Segment's e-commerce specification v2, amounts partly as text.
fn example() -> Value {
    json!({
        "order_id": "50314b8e9bcf000000000000", "subtotal": 22.50, "total": "27.50", "revenue": 25.00, "shipping": 3, "tax": "2.00",
        "discount": 2.5, "coupon": "hasbros", "currency": "usd",
        "products": [
            {"product_id": "507f", "sku": "45790-32", "name": "Monopoly: 3rd Edition", "price": 19, "quantity": 1, "category": "Games"},
            {"product_id": "505b", "sku": "46493-32", "name": "Uno Card Game", "price": "3", "quantity": 2, "category": "Games"}
        ]
    })
}

#[tokio::test]
async fn the_example_of_the_specification_becomes_rows() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        receive(&store, vec![track("m1", "Order Completed", Some("7"), None, example(), 10)]).await;
        let connection = fresh.connect().await;
        let orders = rows(
            &connection,
            "SELECT order_id, customer, currency, net, net_formula, revenue, total, status FROM customer_orders",
        )
        .await;
        let order: Value = serde_json::from_str(&orders[0]).unwrap();
        assert_eq!(
            order,
            json!({"order_id": "50314b8e9bcf000000000000", "customer": "7", "currency": "USD", "net": "22.5",
                "net_formula": "subtotal", "revenue": "25", "total": "27.5", "status": "completed"})
        );
        let lines = rows(&connection, "SELECT line, sku, quantity, price FROM order_lines").await;
        assert_eq!(lines[1], r#"{"line":2,"sku":"46493-32","quantity":"2","price":"3"}"#);
        // Where the subtotal is missing, the rule decides.
        let mut without = example();
        without["order_id"] = json!("2");
        without["subtotal"] = json!(null);
        receive(&store, vec![track("m2", "Order Completed", Some("8"), None, without, 10)]).await;
        assert_eq!(profile(&store, "user_id:8").await.orders.net["USD"].to_string(), "22.5");
        let rules = ProjectionRules { net: NetRule::RevenueAfterDiscount, ..ProjectionRules::default() };
        store.set_projection_rules(&rules).await.unwrap();
        assert_eq!(profile(&store, "user_id:8").await.orders.net["USD"].to_string(), "25");
        assert_eq!(profile(&store, "user_id:7").await.orders.net["USD"].to_string(), "22.5", "it has a subtotal");
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn updates_refunds_and_cancellations_apply_whenever_they_arrive() {
    for_each_database(async |store| {
        let event = |id: &str, name: &str, properties: Value, seconds| {
            track(id, name, Some("7"), None, properties, seconds)
        };
        receive(
            &store,
            vec![
                event("m1", "Order Refunded", json!({"order_id": "1", "total": 5}), 30),
                event("m2", "Order Cancelled", json!({"order_id": "2"}), 30),
                event("m3", "Order Updated", json!({"order_id": "1", "subtotal": 18}), 20),
                event(
                    "m4",
                    "Order Completed",
                    json!({"order_id": "1", "subtotal": 20, "currency": "EUR"}),
                    10,
                ),
                event(
                    "m5",
                    "Order Completed",
                    json!({"order_id": "2", "subtotal": 7, "currency": "EUR"}),
                    10,
                ),
            ],
        )
        .await;
        let orders = profile(&store, "user_id:7").await.orders;
        assert_eq!((orders.count, orders.cancelled), (1, 1));
        assert_eq!(
            (orders.net["EUR"].to_string(), orders.refunded["EUR"].to_string()),
            ("13".into(), "5".into())
        );
        receive(&store, vec![event("m6", "Order Refunded", json!({"order_id": "1"}), 40)]).await;
        assert_eq!(profile(&store, "user_id:7").await.orders.net["EUR"].to_string(), "0");
    })
    .await;
}

#[tokio::test]
async fn one_order_told_by_browser_and_server_is_one() {
    for_each_database(async |store| {
        receive(
            &store,
            vec![
                track(
                    "m1",
                    "Order Completed",
                    None,
                    Some("browser"),
                    json!({"order_id": "1", "total": 10}),
                    10,
                ),
                track("m2", "Order Completed", Some("7"), None, json!({"order_id": "1", "subtotal": 9}), 12),
                identify("m3", Some("7"), Some("browser"), json!({}), 20),
            ],
        )
        .await;
        let orders = profile(&store, "user_id:7").await.orders;
        assert_eq!((orders.count, orders.net[""].to_string()), (1, "9".into()));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_used_is_listed_with_its_reason() {
    for_each_database(async |store| {
        receive(
            &store,
            vec![
                track("m1", "Order Completed", Some("7"), None, json!({"total": 10}), 10),
                track("m2", "Order Completed", Some("7"), None, json!({"order_id": "1", "total": "ten"}), 10),
                track(
                    "m3",
                    "Order Completed",
                    Some("7"),
                    None,
                    json!({"order_id": "2", "total": 1, "currency": "Gold"}),
                    10,
                ),
            ],
        )
        .await;
        let rejected = store.rejected_events(Page::default()).await.unwrap();
        let codes: Vec<_> = rejected.iter().map(|rejected| rejected.event.code.as_str()).collect();
        assert_eq!(codes, ["unusable_currency", "unusable_amount", "unusable_order"]);
        assert_eq!(profile(&store, "user_id:7").await.orders.count, 0);
    })
    .await;
}

#[tokio::test]
async fn what_customers_do_beside_ordering_becomes_rows_of_whoever_they_are() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let page = json!({"product_id": "507f", "name": "Monopoly", "price": 18.99, "url": "https://shop/p?mail=a@x.de"});
        let cart = json!({"cart_id": "c1", "products": [{"product_id": "507f", "quantity": 2}]});
        let promotion = json!({"promotion_id": "autumn", "creative": "top"});
        let review = json!({"product_id": "507f", "rating": "4.5", "review_body": "Good\u{0} fun"});
        receive(
            &store,
            vec![
                track("m1", "Viewed Product", None, Some("browser"), page, 10),
                track("m2", "cart_viewed", None, Some("browser"), cart, 11),
                track("m3", "Promotion Clicked", None, Some("browser"), promotion, 12),
                track("m4", "Product Reviewed", Some("7"), Some("browser"), review, 13),
                track("m5", "Product Reviewed", Some("7"), None, json!({"rating": "five"}), 14),
                track("m6", "Level Reached", Some("7"), None, json!({"product_id": "507f"}), 15),
            ],
        )
        .await;
        let connection = fresh.connect().await;
        let told = rows(
            &connection,
            "SELECT message_id, event, customer, product_id, campaign, score, comment, properties FROM customer_activities",
        )
        .await;
        let told: Vec<Value> = told.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        let find = |id: &str| told.iter().find(|row| row["message_id"] == id).unwrap();
        assert_eq!(told.len(), 5, "the last is no event of the specification: {told:?}");
        assert!(told.iter().all(|row| row["customer"] == "7"), "the browser is the account's: {told:?}");
        assert_eq!(
            *find("m1"),
            json!({"message_id": "m1", "event": "Product Viewed", "customer": "7", "product_id": "507f", "campaign": null,
                "score": null, "comment": null, "properties": r#"{"name":"Monopoly","price":"18.99","product_id":"507f"}"#})
        );
        assert_eq!(find("m2")["properties"], r#"{"cart_id":"c1","products":[{"product_id":"507f","quantity":"2"}]}"#);
        assert_eq!(find("m3")["campaign"], "autumn");
        assert_eq!((&find("m4")["score"], &find("m4")["comment"]), (&json!("4.5"), &json!("Good fun")));
        assert_eq!(find("m5")["score"], json!(null));
        let rejected = store.rejected_events(Page::default()).await.unwrap();
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].event.code, "unusable_rating");
        // What somebody wrote is kept as long as the payload is.
        store.forget_payloads(later() + jiff::SignedDuration::from_secs(1)).await.unwrap();
        let kept = rows(&connection, "SELECT score FROM activities WHERE properties IS NULL AND comment IS NULL").await;
        assert_eq!(kept.len(), 5);
        assert!(kept.iter().any(|row| row.contains("4.5")), "{kept:?}");
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn lines_have_the_currency_of_their_order() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        receive(&store, vec![track("m1", "Order Completed", Some("7"), None, example(), 10)]).await;
        let lines = rows(&fresh.connect().await, "SELECT sku, currency FROM order_lines_with_currency").await;
        assert_eq!(
            lines,
            [r#"{"sku":"45790-32","currency":"USD"}"#, r#"{"sku":"46493-32","currency":"USD"}"#]
        );
        store.close().await.unwrap();
    })
    .await;
}

"""Signed events."""

from skillbridge.api.operations import op
from skillbridge.workspace import PageQuery
from skillbridge.workspace import hooks as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "webhooks",
        "list_webhooks",
        "GET /v1/webhooks",
        "webhooks.write",
        acts.list_webhooks,
        "List webhooks",
        answer=v.Webhooks,
    ),
    op(
        "webhooks",
        "create_webhook",
        "POST /v1/webhooks",
        "webhooks.write",
        acts.create_webhook,
        "Register a webhook",
        body=v.NewWebhook,
        answer=v.WebhookView,
        status=201,
        secret=True,
    ),
    op(
        "webhooks",
        "delete_webhook",
        "DELETE /v1/webhooks/{webhook_id}",
        "webhooks.write",
        acts.delete_webhook,
        "Remove a webhook",
    ),
    op(
        "webhooks",
        "list_deliveries",
        "GET /v1/webhooks/{webhook_id}/deliveries",
        "webhooks.write",
        acts.list_deliveries,
        "List a webhook's deliveries",
        query=PageQuery,
        answer=v.Deliveries,
    ),
    op(
        "webhooks",
        "replay_delivery",
        "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        "webhooks.write",
        acts.replay,
        "Send a delivery again",
        answer=v.DeliveryView,
        status=202,
    ),
)

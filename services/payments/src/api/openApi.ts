/** What is read of the description of the API. */
type Described = {
  components: { schemas: { PaymentRequest: { properties: { paymentMethod: { enum?: unknown } } } } };
};

/** The description of the API in a stage whose provider takes other payment methods than the one that it was written with. */
export function withPaymentMethods(described: Described, paymentMethods: object): object {
  const { components } = described;
  const { PaymentRequest } = components.schemas;
  const { enum: _ofTheOther, ...paymentMethod } = PaymentRequest.properties.paymentMethod;
  const properties = {
    ...PaymentRequest.properties,
    paymentMethod: { ...paymentMethod, ...paymentMethods },
  };
  const schemas = { ...components.schemas, PaymentRequest: { ...PaymentRequest, properties } };
  return { ...described, components: { ...components, schemas } };
}

/** The name under which Factur-X and ZUGFeRD look for the XML. */
export const attachmentName = 'factur-x.xml';

/** Properties that PDF/A does not know, and what it asks to be told of them. */
type Schema = {
  name: string;
  namespace: string;
  prefix: string;
  properties: { name: string; type: 'Text' | 'Integer'; value: string; description: string }[];
};

/** https://fnfe-mpe.org/factur-x/ */
const facturX: Schema = {
  name: 'Factur-X PDFA Extension Schema',
  namespace: 'urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#',
  prefix: 'fx',
  properties: [
    text('DocumentType', 'INVOICE', 'The type of the hybrid document in capital letters'),
    text('DocumentFileName', attachmentName, 'The name of the embedded XML document'),
    text('Version', '1.0', 'The version of the standard applying to the embedded XML document'),
    text('ConformanceLevel', 'EN 16931', 'The conformance level of the embedded XML document'),
  ],
};

/** ISO 14289-1, 5: the structure is there for those who do not see the page. */
const accessible: Schema = {
  name: 'PDF/UA identification schema',
  namespace: 'http://www.aiim.org/pdfua/ns/id/',
  prefix: 'pdfuaid',
  properties: [
    { name: 'part', type: 'Integer', value: '1', description: 'The part of ISO 14289 that the file keeps' },
  ],
};

function text(name: string, value: string, description: string): Schema['properties'][number] {
  return { name, type: 'Text', value, description };
}

/** What is said of a file besides PDF/A. */
export function metadataOf(hasXml: boolean): string {
  const schemas = hasXml ? [accessible, facturX] : [accessible];
  return `${schemas.map(valuesOf).join('')}
  <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
      xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
    <pdfaExtension:schemas><rdf:Bag>${schemas.map(descriptionOf).join('')}
    </rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>
`;
}

const valuesOf = ({ namespace, prefix, properties }: Schema): string => `
  <rdf:Description rdf:about="" xmlns:${prefix}="${namespace}">
${properties.map(({ name, value }) => `    <${prefix}:${name}>${value}</${prefix}:${name}>`).join('\n')}
  </rdf:Description>`;

const descriptionOf = ({ name, namespace, prefix, properties }: Schema): string => `
      <rdf:li rdf:parseType="Resource">
        <pdfaSchema:schema>${name}</pdfaSchema:schema>
        <pdfaSchema:namespaceURI>${namespace}</pdfaSchema:namespaceURI>
        <pdfaSchema:prefix>${prefix}</pdfaSchema:prefix>
        <pdfaSchema:property><rdf:Seq>${properties.map(propertyOf).join('')}
        </rdf:Seq></pdfaSchema:property>
      </rdf:li>`;

const propertyOf = ({ name, type, description }: Schema['properties'][number]): string => `
          <rdf:li rdf:parseType="Resource">
            <pdfaProperty:name>${name}</pdfaProperty:name>
            <pdfaProperty:valueType>${type}</pdfaProperty:valueType>
            <pdfaProperty:category>${type === 'Text' ? 'external' : 'internal'}</pdfaProperty:category>
            <pdfaProperty:description>${description}</pdfaProperty:description>
          </rdf:li>`;
